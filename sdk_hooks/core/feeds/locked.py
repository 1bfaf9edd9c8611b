"""Exactly the packages of a lock: by their hash, whatever the feeds list by now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sdk_hooks.base_images import BaseImage
from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.bom.lock import Lock
from sdk_hooks.core.feeds import solve, store
from sdk_hooks.core.feeds.feed import Feed
from sdk_hooks.core.feeds.index import Index
from sdk_hooks.core.feeds.pool import Pool
from sdk_hooks.core.feeds.solve import Solution
from sdk_hooks.core.feeds.source import FeedSource
from sdk_hooks.core.feeds.store import Have
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress
from sdk_hooks.packages import Listing, Package, PackageFormat
from sdk_hooks.target import Platform


class LockedSource(FeedSource):
    """What container.yaml and the command line want, as a lock has it.

    No index is read: files are taken from where they were, and checked by the lock's hashes. Who trusts the
    lock needs no signature of the feed.
    """

    def __init__(
        self,
        lock: Lock,
        spec: Spec,
        platform: Platform,
        formats: Mapping[str, PackageFormat],
        progress: Progress,
        base: BaseImage | None = None,
    ) -> None:
        super().__init__(spec, platform, formats, progress, base)
        self.lock, self.time = lock, lock.epoch
        self.locked = [each for each in self.lock.packages if each.feed]

    def _pool(self) -> Pool:
        return self._fetched([*self.locked, *self.lock.skeleton])

    def _skeleton(self, found: Pool) -> list[Package]:
        return [_of(found, each) for each in self.lock.skeleton]

    def _solution(self, found: Pool, have: Sequence[Package]) -> Solution:
        known = {package.name for package in have}
        packages = [_of(found, each) for each in self.locked if each.name not in known]
        return solve.chosen(found, packages, bool(self.spec.recommends), have)

    def _fetched(self, components: Sequence[Component]) -> Pool:
        """A pool that has *components* and nothing else, made of what their files say."""
        form = self._form(components)
        files = {each.digest: _Wanted(self._feed(each), form, each) for each in components}
        stubs = {each.digest: _stub(each) for each in components}
        where = _Where({digest: _LockIndex(wanted) for digest, wanted in files.items()})
        made = Pool(form, self.platform)
        for have in store.bring(where, list(stubs.values()), self.progress):
            made.indexes.append(_listed(files[have.package.digest], have))
        return made

    def _form(self, components: Iterable[Component]) -> PackageFormat:
        kinds = sorted({each.kind for each in components})
        if len(kinds) != 1 or kinds[0] not in self.formats:
            raise SdkError(
                f"the lock has packages of {' and '.join(kinds) or 'no format'}",
                detail=f"known: {', '.join(self.formats)}",
                hint="make it again with --lock",
                code="bad-lock",
            )
        return self.formats[kinds[0]]

    def _feed(self, component: Component) -> Feed:
        feeds = self.spec.feeds or ()
        found = next((feed for feed in feeds if feed.place == component.feed), None)
        if found is None:
            raise SdkError(
                f"the lock has {_named(component)} out of a feed that nothing names any more",
                detail=f"it is '{component.feed}'; there are: "
                + (", ".join(f"'{feed.place}'" for feed in feeds) or "none"),
                hint="name it, or make the lock again with --lock",
                code="lock-differs",
            )
        return found


@dataclass(frozen=True)
class _Wanted:
    feed: Feed
    form: PackageFormat
    component: Component


@dataclass(frozen=True)
class _Where:
    """Where packages are, by their digests."""

    indexes: Mapping[str, Index]

    def index(self, package: Package) -> Index:
        return self.indexes[package.digest]


class _LockIndex(Index):
    """One package of a lock, in the feed that it came from."""

    def __init__(self, wanted: _Wanted, text: bytes = b"") -> None:
        super().__init__(wanted.feed, wanted.feed.url.rstrip("/"), wanted.form, Listing(text))
        self.component = wanted.component

    def gone(self, package: Package, location: str) -> SdkError:  # noqa: ARG002  the component says more
        return SdkError(
            f"the feed '{self.feed.place}' no longer has {_named(self.component)}, which the lock wants",
            detail=f"looked for '{self.component.path}'",
            hint="bring that file back, or make the lock again with --lock",
            code="no-package",
        )

    def changed(self, package: Package, error: SdkError) -> SdkError:  # noqa: ARG002  as above
        return SdkError(
            f"the feed '{self.feed.place}' has {_named(self.component)} in another file than the lock",
            detail=f"at '{self.component.path}'; {error.detail.replace('the index says', 'the lock says')}",
            hint="it was built again: make the lock again with --lock",
            code="wrong-hash",
        )


def _stub(component: Component) -> Package:
    """What is needed to find the file of *component*."""
    return Package(
        component.name,
        component.version,
        component.architecture,
        component.path,
        component.size,
        component.digest,
    )


def _listed(wanted: _Wanted, have: Have) -> Index:
    """What an index of the feed would say of a package that is here."""
    component = wanted.component
    record = wanted.form.described(have.content.record, component.path, component.size, component.digest)
    return _LockIndex(wanted, record)


def _of(found: Pool, component: Component) -> Package:
    """
    :raises SdkError: When the file is of another package than the lock says.
    """
    for package in found.named(component.name):
        if (package.name, package.version, package.digest) == (
            component.name,
            component.version,
            component.digest,
        ):
            return package
    raise SdkError(
        f"the file '{component.path}' is not that of {_named(component)}, as the lock says",
        hint="make the lock again with --lock",
        code="bad-lock",
    )


def _named(component: Component) -> str:
    return f"{component.name!r} {component.version}"
