"""Finds the packages that what is asked for needs, or says as a person would why there are none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sdk_hooks.core.feeds.pool import Pool
from sdk_hooks.errors import SdkError
from sdk_hooks.packages import Alternatives, Package, Relation

_LAST_CHOICE = frozenset(["usrmerge"])
"""Packages that are taken only where nothing else will do: a new root file system has nothing to convert."""
_STEPS = 200_000
"""Choices after which looking further would take longer than anybody waits."""


class Need(NamedTuple):
    """One thing that is needed, and by whom."""

    clause: Alternatives
    by: Package | None
    """None: the user."""


class _Agenda(NamedTuple):
    """What is still to be done, as a list that shares its tail."""

    need: Need
    rest: _Agenda | None


@dataclass(frozen=True)
class _Choice:
    """Where another package could be taken."""

    agenda: _Agenda
    count: int
    """Packages that were chosen before."""
    options: Iterator[Package]


class Solution(NamedTuple):
    """Packages that can be installed together."""

    packages: list[Package]
    """Each after what it needs."""
    needs: Mapping[str, tuple[str, ...]]
    """Names of those among them that each needs, by its name."""


def solve(pool: Pool, wanted: Iterable[Relation], recommends: bool = False) -> Solution:
    """*wanted* and all that they need.

    Of several packages that would do, the first alternative is taken, its own name before a provided one, the
    newest version, as apt and opkg do; another one only where that leads nowhere.

    :param recommends: Whether also to take what packages recommend, where it is to be had.
    :raises SdkError: When there is no such set, with the first thing that stood in the way.
    """
    return _Solver(pool, recommends).solve([(relation,) for relation in wanted])


def chosen(pool: Pool, packages: Iterable[Package], recommends: bool = False) -> Solution:
    """*packages*, which were chosen before, as `solve` gives them."""
    solver = _Solver(pool, recommends)
    for package in packages:
        solver.add(package, None)
    return solver.solution()


class _Solver:
    def __init__(self, pool: Pool, recommends: bool) -> None:
        self.pool, self.recommends = pool, recommends
        self.chosen: dict[str, Package] = {}
        self.wanted_by: dict[str, Package | None] = {}
        self.answers: dict[str, list[Package]] = {}
        """Chosen packages by each name that they answer to."""
        self.against: dict[str, list[tuple[Relation, Package]]] = {}
        """What chosen packages can't be beside, by its name."""
        self.problem, self.hint = "", "another version, or another feed?"

    def solve(self, clauses: list[Alternatives]) -> Solution:
        agenda = _stacked([Need(clause, None) for clause in clauses], None)
        choices: list[_Choice] = []
        for _ in range(_STEPS):
            if agenda is None:
                return self.solution()
            if self._satisfied(agenda.need.clause):
                agenda = agenda.rest
                continue
            choices.append(_Choice(agenda, len(self.chosen), iter(self._options(agenda.need))))
            agenda = self._next(choices)
        raise self._unsolvable("there are too many ways to choose")

    def solution(self) -> Solution:
        needs = {
            name: tuple(sorted({each.name for each in self._needed(package)} - {name}))
            for name, package in self.chosen.items()
        }
        return Solution(_sorted(self.chosen, needs), needs)

    def _next(self, choices: list[_Choice]) -> _Agenda | None:
        """Take the next package that can be taken; back to the last choice where there is none."""
        while choices:
            choice = choices[-1]
            self._forget(choice.count)
            for package in choice.options:
                if self._take(package, choice.agenda.need):
                    return _stacked(self._needs(package), choice.agenda.rest)
            choices.pop()
        raise self._unsolvable("the packages can't be installed together")

    def _options(self, need: Need) -> list[Package]:
        found = [package for relation in need.clause for package in self.pool.satisfying(relation)]
        if not found:
            asked = need.clause[0].name
            if need.by is None and not self.problem:
                known = self.pool.named(asked) or self.pool.foreign(asked)
                self.hint = self.hint if known else self.pool.near(asked) or self.hint
            self._failed(need, self._missing(need))
        return sorted(dict.fromkeys(found), key=lambda package: package.name in _LAST_CHOICE)

    def _take(self, package: Package, need: Need) -> bool:
        why = self._hindrance(package)
        if why:
            self._failed(need, why)
            return False
        self.add(package, need.by)
        return True

    def add(self, package: Package, by: Package | None) -> None:
        """Choose *package*, which *by* needs, or the user wants."""
        self.chosen[package.name] = package
        self.wanted_by[package.name] = by
        for name in _names(package):
            self.answers.setdefault(name, []).append(package)
        for relation in package.conflicts:
            self.against.setdefault(relation.name, []).append((relation, package))

    def _forget(self, count: int) -> None:
        while len(self.chosen) > count:
            name, package = self.chosen.popitem()
            del self.wanted_by[name]
            for answered in _names(package):
                self.answers[answered].remove(package)
            for relation in package.conflicts:
                self.against[relation.name].remove((relation, package))

    def _hindrance(self, package: Package) -> str:
        """Why *package* can't be beside what was chosen; empty when it can."""
        other = self.chosen.get(package.name)
        if other:
            return f"{other} is needed too{self._because(other)}"
        for name in _names(package):
            for relation, other in self.against.get(name, ()):
                if self.pool.satisfies(package, relation):
                    return f"{package} can't be beside {other}{self._because(other)}"
        for relation in package.conflicts:
            for other in self.answers.get(relation.name, ()):
                if other is not package and self.pool.satisfies(other, relation):
                    return f"{package} can't be beside {other}{self._because(other)}"
        return ""

    def _because(self, package: Package) -> str:
        by = self.wanted_by[package.name]
        return f", which {by.name} needs" if by else ""

    def _satisfied(self, clause: Alternatives) -> bool:
        return any(
            self.pool.satisfies(package, relation)
            for relation in clause
            for package in self.answers.get(relation.name, ())
        )

    def _needs(self, package: Package) -> list[Need]:
        needs = [Need(clause, package) for clause in package.depends]
        if self.recommends:
            likely = (Need(clause, package) for clause in package.recommends)
            needs += [need for need in likely if any(map(self.pool.satisfying, need.clause))]
        return needs

    def _needed(self, package: Package) -> Iterator[Package]:
        for need in self._needs(package):
            for relation in need.clause:
                yield from (
                    p for p in self.answers.get(relation.name, ()) if self.pool.satisfies(p, relation)
                )

    def _missing(self, need: Need) -> str:
        names = dict.fromkeys(relation.name for relation in need.clause)
        had = [str(package) for name in names for package in self.pool.named(name)]
        if had:
            return f"the feed has {', '.join(dict.fromkeys(had))}"
        foreign = [arch for name in names for arch in self.pool.foreign(name)]
        if foreign:
            return f"the feed has it for {', '.join(foreign)}, not for {self.pool.platform}"
        return "the feed has nothing of that name"

    def _unsolvable(self, what: str) -> SdkError:
        return SdkError(what, detail=self.problem, hint=self.hint, code="unsatisfiable")

    def _failed(self, need: Need, why: str) -> None:
        """Keep the first problem: it is in the way of what was preferred."""
        what = " or ".join(map(str, need.clause))
        self.problem = (
            self.problem
            or f"{need.by.name if need.by else 'you'} {'needs' if need.by else 'want'} {what}, {why}"
        )


def _names(package: Package) -> list[str]:
    return list(dict.fromkeys((package.name, *(provided.name for provided in package.provides))))


def _stacked(needs: list[Need], rest: _Agenda | None) -> _Agenda | None:
    for need in reversed(needs):
        rest = _Agenda(need, rest)
    return rest


def _sorted(chosen: Mapping[str, Package], needs: Mapping[str, Iterable[str]]) -> list[Package]:
    """Each after what it needs, where they do not need each other; the same whatever was asked for first."""
    done: dict[str, Package] = {}
    for start in sorted(chosen):
        path: list[tuple[str, Iterator[str]]] = []
        seen = {start}
        path.append((start, iter(needs[start])))
        while path:
            name, below = path[-1]
            following = next((each for each in below if each not in done and each not in seen), None)
            if following is None:
                done.setdefault(name, chosen[name])
                path.pop()
                continue
            seen.add(following)
            path.append((following, iter(needs[following])))
    return list(done.values())
