"""What an update would change, as facts: commands print them, and `apply` acts upon them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sdk_hooks.core.bom.changes import Change
from sdk_hooks.core.update.built import Built
from sdk_hooks.errors import SdkError

UPDATES = 10
"""Exit status of a check that found some."""


class Row(NamedTuple):
    """One line of the table."""

    container: str
    """Empty for what is no container's."""
    kind: str
    """package, base, recipe, feed, image, sdk, layer."""
    name: str
    old: str
    new: str


@dataclass(frozen=True)
class Affected:
    """A container that would not be built as it was."""

    built: Built
    packages: tuple[Change, ...] = ()
    recipes: tuple[Change, ...] = ()
    """What the SDK would build otherwise."""
    base: Change | None = None
    """Digests; the new one is empty when the base is itself built again, and nobody knows it yet."""
    unknown: bool = False
    """Whether nobody knows what is in it: a build was interrupted."""

    @property
    def rows(self) -> Iterator[Row]:
        name = self.built.label
        if self.unknown:
            yield Row(name, "contents", "", "unknown", "rebuilt")
        if self.base:
            yield Row(name, "base", self.base.name, short(self.base.old), short(self.base.new) or "rebuilt")
        yield from (Row(name, "package", *each) for each in self.packages)
        yield from (Row(name, "recipe", *each) for each in self.recipes)


@dataclass(frozen=True)
class Findings:
    """All that a check has found."""

    layers: tuple[Row, ...] = ()
    """State of the layers' git repositories; told, not updated."""
    sdk: tuple[Change, ...] = ()
    """Files and layers of the SDK that the update server has otherwise."""
    feeds: tuple[Change, ...] = ()
    """Feeds that list something else than when containers were built of them."""
    images: tuple[Change, ...] = ()
    """Base images of the update server: digests."""
    containers: tuple[Affected, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be found out."""
    problems: Mapping[str, SdkError] = field(default_factory=dict)
    """Why of some containers nobody can tell whether they are affected."""
    pending: bool = False
    """Whether an update was interrupted, and is to be gone on with."""

    @property
    def updates(self) -> bool:
        """Whether there is anything to apply."""
        return bool(self.sdk or self.images or self.containers or self.pending)

    @property
    def rows(self) -> list[Row]:
        found = [*self.layers]
        found += [Row("", "sdk", *each) for each in self.sdk]
        found += [Row("", "feed", each.name, short(each.old), short(each.new)) for each in self.feeds]
        found += [Row("", "image", each.name, short(each.old), short(each.new)) for each in self.images]
        return found + [row for each in self.containers for row in each.rows]

    def to_json(self) -> dict[str, Any]:
        def changes(of: tuple[Change, ...]) -> list[dict[str, str]]:
            return [each._asdict() for each in of]

        return {
            "updates": self.updates,
            "pending": self.pending,
            "layers": [{"name": row.name, "state": row.new, "revision": row.old} for row in self.layers],
            "sdk": changes(self.sdk),
            "feeds": changes(self.feeds),
            "images": changes(self.images),
            "containers": [
                {
                    "name": each.built.name,
                    "image": each.built.image.name,
                    "digest": each.built.image.digest,
                    "packages": changes(each.packages),
                    "recipes": changes(each.recipes),
                    "unknown": each.unknown,
                    "base": each.base._asdict() if each.base else None,
                }
                for each in self.containers
            ],
            "notes": list(self.notes),
            "problems": {
                name: {"code": each.code, "error": each.what} for name, each in self.problems.items()
            },
        }


def short(digest: str) -> str:
    """*digest* as tables have it."""
    return digest[:19] if digest.startswith("sha256:") else digest
