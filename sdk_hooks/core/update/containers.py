"""Which containers would not be built as they were: by their packages, and by their base images."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from sdk_hooks.core.bom import changes
from sdk_hooks.core.bom.changes import Change
from sdk_hooks.core.feeds.source import FeedSource
from sdk_hooks.core.oci import base as base_image
from sdk_hooks.core.update.built import Built
from sdk_hooks.core.update.finding import Affected
from sdk_hooks.errors import SdkError

SourceOf = Callable[[Built], "FeedSource | None"]
"""Where the packages of an image come from; None when it has none of feeds."""


class Checker:
    """Looks at one image after the other, bases first.

    :param source_of: Gives where the packages of an image come from.
    :param moved: New digests of images, by path of their layout: what an update would bring.
    :param recipes: What the SDK would build otherwise, by recipe.
    :param todo: Layouts of images that an update which was interrupted was about to build.
    """

    def __init__(
        self,
        source_of: SourceOf,
        moved: Mapping[str, str] | None = None,
        recipes: Mapping[str, Change] | None = None,
        todo: Collection[str] = (),
    ) -> None:
        self.source_of = source_of
        self.moved = {os.path.realpath(place): digest for place, digest in (moved or {}).items()}
        self.feeds: dict[str, Change] = {}
        self.notes: list[str] = []
        self.problems: dict[str, SdkError] = {}
        """Why of some nobody can tell whether they are affected, by their label."""
        self.recipes = recipes or {}
        self.todo = todo

    def all(self, found: Sequence[Built]) -> list[Affected]:
        """Those of *found* that are affected, in the same order; what can't be told is among the problems."""
        looked = (self._look(each) for each in found)
        return [each for each in looked if each is not None]

    def _look(self, built: Built) -> Affected | None:
        try:
            return self._affected(built)
        except SdkError as error:
            if error.code == "no-recipe":
                self.notes.append(
                    f"{built.label} is no recipe of your workspace any more, and stays as it is"
                )
            else:
                self.problems[built.label] = error
            return None

    def _affected(self, built: Built) -> Affected | None:
        unknown = built.record is None or str(built.image.layout.absolute()) in self.todo
        affected = Affected(built, self._packages(built), self._recipes(built), self._base(built), unknown)
        if not (unknown or affected.packages or affected.recipes or affected.base):
            return None
        self.moved[os.path.realpath(built.image.layout)] = ""
        return affected

    def _packages(self, built: Built) -> tuple[Change, ...]:
        source = self.source_of(built)
        if source is None:
            return ()
        now = source.packages(built.record.below if built.record else ())
        self._note_feeds(built, source)
        if built.record is None:
            return ()
        of_feeds = [each for each in built.record.components if each.feed]
        return changes.compare(of_feeds, now)

    def _note_feeds(self, built: Built, source: FeedSource) -> None:
        for line, digest in source.digests.items():
            before = built.request.feeds.get(line, digest)  # a lock's packages come from no index
            if before != digest:
                self.feeds.setdefault(line, Change(line, before, digest))

    def _recipes(self, built: Built) -> tuple[Change, ...]:
        of_sdk = [] if built.record is None else [each for each in built.record.components if not each.feed]
        names = {each.source or each.name for each in of_sdk}
        return tuple(self.recipes[name] for name in sorted(names.intersection(self.recipes)))

    def _base(self, built: Built) -> Change | None:
        place = built.request.base
        if not place or built.record is None:
            return None
        name = Path(place).name.removesuffix("-oci").removesuffix("-latest")
        known = self.moved.get(os.path.realpath(place))
        try:
            now = base_image.digest(place, built.image.platform) if known is None else known
        except SdkError as error:
            self.notes.append(f"{built.label}: {error.what}")
            return None
        return None if now == built.record.base else Change(name, built.record.base, now)
