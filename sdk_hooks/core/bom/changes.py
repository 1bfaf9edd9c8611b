"""What differs between two sets of packages: of a lock, a build, a feed that has moved on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sdk_hooks.core.bom.component import Component


class Change(NamedTuple):
    """One package that is not as it was."""

    name: str
    old: str
    """Its version; empty when it was not there."""
    new: str
    """Its version; empty when it goes; the same as *old* when its file was made anew."""

    def __str__(self) -> str:
        if not self.old:
            return f"{self.name} {self.new}, which was not there"
        if not self.new:
            return f"{self.name} {self.old}, which goes"
        if self.old == self.new:
            return f"{self.name} {self.old}, which was made anew"
        return f"{self.name} {self.old} -> {self.new}"


def compare(old: Iterable[Component], new: Iterable[Component]) -> tuple[Change, ...]:
    """The packages that are not the same, by name; what is no package does not count.

    Of one version the recipe and the file's digest have to be the same, where both sides know them.
    """
    before, after = _packages(old), _packages(new)
    found = []
    for name in sorted({*before, *after}):
        one, other = before.get(name), after.get(name)
        if one is None or other is None or not _same(one, other):
            found.append(Change(name, one.version if one else "", other.version if other else ""))
    return tuple(found)


def _packages(components: Iterable[Component]) -> dict[str, Component]:
    return {each.name: each for each in components if each.kind}


def _same(one: Component, other: Component) -> bool:
    if (one.version, one.architecture) != (other.version, other.architecture):
        return False
    return _agree(one.source, other.source) and (
        _algorithm(one) != _algorithm(other) or _agree(one.digest, other.digest)
    )


def _agree(one: str, other: str) -> bool:
    return not one or not other or one == other


def _algorithm(component: Component) -> str:
    return component.digest.partition(":")[0]
