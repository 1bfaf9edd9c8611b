"""Packages out of feeds as the files of an image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sdk_hooks.core.feeds import install, pool, solve, store
from sdk_hooks.core.feeds.install import Allowed
from sdk_hooks.core.feeds.pool import Pool
from sdk_hooks.core.files.fileset import Group, Merged
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress
from sdk_hooks.packages import PackageFormat, Relation
from sdk_hooks.target import Platform

_SKELETON = ("base-passwd", "base-files")
"""Of Debian and of OE: have the users and directories that packages expect."""


class FeedSource:
    """What container.yaml and the command line want out of feeds.

    :param formats: By name.
    """

    def __init__(
        self, spec: Spec, platform: Platform, formats: Mapping[str, PackageFormat], progress: Progress
    ) -> None:
        self.spec, self.platform, self.formats, self.progress = spec, platform, formats, progress

    @property
    def wanted(self) -> Sequence[Relation]:
        return self.spec.install or ()

    def groups(self, base: Merged | None) -> list[Group]:
        """The groups of an image, those that were asked for by name above what they need.

        :param base: What a base image shows below.
        :raises SdkError: When they are not to be had, or can't be installed.
        """
        found = self._pool()
        packages = solve.solve(found, self.wanted, bool(self.spec.recommends))
        have = store.bring(found, packages, self.progress)
        allowed = Allowed(self.spec.setuid or (), self.spec.skip_scripts or ())
        groups = install.install(have, self._skeleton(found), allowed, base)
        return _by_wish(groups, {package.source for package in packages if self._asked(package.name)})

    def _pool(self) -> Pool:
        unknown = [feed.format for feed in self.spec.feeds or () if feed.format not in (*self.formats, "")]
        if unknown:
            raise SdkError(
                f"no package format is named {unknown[0]!r}",
                detail=f"known: {', '.join(self.formats)}",
                code="unknown-plugin",
            )
        return pool.read(self.spec.feeds or (), self.formats, self.platform, self.progress.step)

    def _skeleton(self, found: Pool) -> list[store.Have]:
        known = [package for name in _SKELETON for package in found.named(name)[:1] if package.name == name]
        return store.bring(found, known, self.progress)

    def _asked(self, name: str) -> bool:
        return any(relation.name == name for relation in self.wanted)


def _by_wish(groups: Sequence[Group], asked: Iterable[str]) -> list[Group]:
    *of_packages, made = groups
    wanted = set(asked)
    return [*sorted(of_packages, key=lambda group: (group.name in wanted, group.name)), made]
