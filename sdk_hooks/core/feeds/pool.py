"""All packages that may be installed: those of every feed for one platform."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sdk_hooks.core.feeds import index
from sdk_hooks.core.feeds.feed import Feed
from sdk_hooks.core.feeds.index import Index
from sdk_hooks.core.feeds.place import FeedPlace
from sdk_hooks.errors import SdkError, did_you_mean
from sdk_hooks.packages import Package, PackageFormat, Relation, Wanted
from sdk_hooks.target import Platform

_CHANGING = ("wrong-hash", "bad-signature")
"""Errors of a feed of which one file is the old one and another one is new."""
_PAUSE = 0.3


@dataclass
class Pool:
    """Packages of one format, looked up by name."""

    form: PackageFormat
    platform: Platform
    indexes: list[Index] = field(default_factory=list)
    _known: dict[str, list[tuple[Package, Index]]] = field(default_factory=dict)
    _satisfying: dict[Relation, list[Package]] = field(default_factory=dict)

    def named(self, name: str) -> list[Package]:
        """Those that are or provide *name*, the best first, and of the same the first feed's."""
        return [package for package, _ in self._found(name)]

    def foreign(self, name: str) -> list[str]:
        """Architectures of those named *name* that are for other platforms."""
        found = (each for index in self.indexes for each in index.named(name))
        return sorted({each.architecture for each in found if not self.form.fits(each, self.platform)})

    def near(self, name: str) -> str:
        """A hint with the name that is most like *name*; empty when none is."""
        known = {each for index in self.indexes for each in index.where if each[:1] == name[:1]}
        return did_you_mean(name, known)

    def satisfying(self, relation: Relation) -> list[Package]:
        """Those of `named` that are what *relation* asks for."""
        if relation not in self._satisfying:
            found = self.named(relation.name)
            self._satisfying[relation] = [each for each in found if self.satisfies(each, relation)]
        return self._satisfying[relation]

    def satisfies(self, package: Package, relation: Relation) -> bool:
        """Whether *package* is what *relation* asks for."""
        return (
            self._answers(package, relation)
            and all(self.satisfies(package, each) for each in relation.also)
            and not any(self.satisfies(package, each) for each in relation.but)
        )

    def is_itself(self, package: Package, relation: Relation) -> bool:
        """Whether *package* is so by its own name, and not by one that it provides."""
        own = Relation(package.name, "=", package.version)
        return package.name == relation.name and self.form.meets(own, relation)

    def _answers(self, package: Package, relation: Relation) -> bool:
        if self.is_itself(package, relation):
            return True
        given = [provided for provided in package.provides if provided.name == relation.name]
        if not given and relation.name.startswith("/"):  # a file that only a longer list has
            return any(each is package for each in self.named(relation.name))
        return any(self.form.meets(provided, relation) for provided in given)

    def position(self, package: Package) -> tuple[int, int]:
        """The place of *package* among all of them, as the feeds and their indexes come."""
        index = self.index(package)
        return self.indexes.index(index), index.position(package)

    def digests(self) -> dict[str, str]:
        """Of what each feed lists, by its line."""
        found: dict[str, list[str]] = {}
        for each in self.indexes:
            found.setdefault(each.feed.line, []).append(each.digest)
        return {line: _digest(parts) for line, parts in found.items()}

    def index(self, package: Package) -> Index:
        """Where *package* is."""
        return next(index for found, index in self._found(package.name) if found is package)

    def _found(self, name: str) -> list[tuple[Package, Index]]:
        if name not in self._known:
            found = [(package, index) for index in self.indexes for package in index.named(name)]
            found = found or [(package, index) for index in self.indexes for package in index.having(name)]
            fitting = [each for each in found if self.form.fits(each[0], self.platform)]
            ranks = {
                id(each): rank for rank, each in enumerate(self.form.preferred(name, [p for p, _ in fitting]))
            }
            self._known[name] = sorted(fitting, key=lambda each: ranks[id(each[0])])
        return self._known[name]


def _digest(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"sha256:{hashlib.sha256(' '.join(parts).encode()).hexdigest()}"


def read(
    feeds: Iterable[Feed],
    formats: Mapping[str, PackageFormat],
    platform: Platform,
    warn: Callable[[str], None],
    *,
    fresh: bool = False,
) -> Pool:
    """The packages of *feeds*.

    :param formats: By name.
    :param fresh: Whether to ask servers also for what they were asked for a moment ago.
    :raises SdkError: When a feed has none, can't be read, or they are of several formats.
    """
    pool: Pool | None = None
    for feed in feeds:
        found = _steady(feed, formats, platform, warn, fresh)
        pool = pool or Pool(found[0].form, platform)
        if found[0].form is not pool.form:
            raise SdkError(
                f"the feed '{feed}' has {found[0].form.name}, another one has {pool.form.name}",
                hint="take the packages of one image from feeds of one format",
                code="mixed-feeds",
            )
        pool.indexes += found
    if pool is None:
        raise SdkError("no feed says where packages are", hint="give one: --feed URL", code="no-feed")
    return pool


def _steady(
    feed: Feed,
    formats: Mapping[str, PackageFormat],
    platform: Platform,
    warn: Callable[[str], None],
    fresh: bool,
) -> list[Index]:
    """The indexes of *feed*; read once more when they do not fit together: it is being changed."""
    try:
        return _indexes(feed, formats, platform, warn, fresh)
    except SdkError as error:
        if feed.local or error.code not in _CHANGING:
            raise
    time.sleep(_PAUSE)
    return _indexes(feed, formats, platform, warn, fresh=True)


def _indexes(
    feed: Feed,
    formats: Mapping[str, PackageFormat],
    platform: Platform,
    warn: Callable[[str], None],
    fresh: bool,
) -> list[Index]:
    wanted = Wanted(platform, feed.suite, feed.components)
    top = feed.url.rstrip("/")
    tops = [f"{top}/{arch}" for arch in feed.archs] or [top]
    forms = [formats[feed.format]] if feed.format else formats.values()
    places = [FeedPlace(feed, at, warn, fresh=fresh) for at in tops]
    for form in forms:
        found = [each for place in places for each in index.read(place, form, wanted)]
        if found:
            return found
    raise SdkError(
        f"there are no packages at '{feed}'",
        detail=f"looked for feeds of {', '.join(form.name for form in forms)}",
        hint="is it right? an index is at its top, in archs=A,B below it, or belongs to a suite",
        code="no-feed",
    )
