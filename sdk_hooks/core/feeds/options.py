"""Which packages something that is needed could be, and which of them is preferred."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sdk_hooks.core.feeds.pool import Pool
from sdk_hooks.packages import Alternatives, Package

_LAST_CHOICE = frozenset(["usrmerge"])
"""Packages that are taken only where nothing else will do: a new root file system has nothing to convert."""


class Need(NamedTuple):
    """One thing that is needed, and by whom."""

    clause: Alternatives
    by: Package | None
    """None: the user."""


class Options:
    """The packages of a pool that needs could be, remembered."""

    def __init__(self, pool: Pool) -> None:
        self.pool, self.form = pool, pool.form
        self._known: dict[tuple[Alternatives, bool], list[Package]] = {}

    def of(self, need: Need) -> list[Package]:
        """All packages that would do, the preferred one first."""
        key = need.clause, need.by is None
        if key not in self._known:
            self._known[key] = self._found(need)
        return self._known[key]

    def is_certain(self, need: Need) -> bool:
        """Whether there is nothing to choose: there is one, or several versions of one."""
        found = self.of(need)
        return len(found) <= 1 or (self.form.first_alternative and len({p.name for p in found}) == 1)

    def instead(self, one: Package, other: Package) -> bool:
        """Whether the one is there in the place of the other."""
        return one.name != other.name and any(self.pool.is_itself(other, each) for each in one.obsoletes)

    def names(self, found: Iterable[Package]) -> set[str]:
        """Names of *found*, without those that others are there instead of."""
        found = list(found)
        others = [package for package in found if package.obsoletes]
        return {p.name for p in found if not any(self.instead(other, p) for other in others)}

    def missing(self, need: Need) -> str:
        """Of a *need* that nothing will do for, what there is instead."""
        names = dict.fromkeys(relation.name for relation in need.clause)
        had = [str(package) for name in names for package in self.pool.named(name)]
        if had:
            return f"the feed has {', '.join(dict.fromkeys(had))}"
        foreign = [arch for name in names for arch in self.pool.foreign(name)]
        if foreign:
            return f"the feed has it for {', '.join(foreign)}, not for {self.pool.platform}"
        return "the feed has nothing of that name"

    def place(self, need: Need) -> tuple[int, ...]:
        """By this libsolv sorts what is needed: the last package of the repository first."""
        index, at = self.pool.position(need.by) if need.by else (0, 0)
        return (-index, -at, *sorted(self.pool.position(package)[1] for package in self.of(need)))

    def _found(self, need: Need) -> list[Package]:
        found = list(dict.fromkeys(p for relation in need.clause for p in self.pool.satisfying(relation)))
        if need.by is None:
            found = self._named(need.clause, found)
        if not self.form.first_alternative and len(found) > 1:
            found = self.form.preferred("", found, [p for p in found if self._is_old(p)])
        if self.form.first_alternative:  # as apt, for which a package that has a newer version is not there
            found = sorted(found, key=self._is_old)
        return sorted(found, key=lambda package: package.name in _LAST_CHOICE)

    def _is_old(self, package: Package) -> bool:
        """Whether there is a newer version of it, be it one that will do or not."""
        newest = next(each for each in self.pool.named(package.name) if each.name == package.name)
        return self.form.compare(package.version, newest.version) < 0

    def _named(self, clause: Alternatives, found: list[Package]) -> list[Package]:
        """Of what the user asked for by name those that are so named, and those that take their place."""
        own = [p for p in found if any(self.pool.is_itself(p, relation) for relation in clause)]
        instead = [p for p in found if any(self.instead(p, other) for other in own)]
        return [*own, *(p for p in instead if not clause[0].operator)] or found
