"""Finds the packages that what is asked for needs, or says as a person would why there are none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sdk_hooks.core.feeds.agenda import Agenda, Choice, Stack
from sdk_hooks.core.feeds.options import Need, Options
from sdk_hooks.core.feeds.order import in_order
from sdk_hooks.core.feeds.pool import Pool
from sdk_hooks.errors import SdkError
from sdk_hooks.packages import Alternatives, Package, Relation

_STEPS = 200_000
"""Choices after which looking further would take longer than anybody waits."""


class Solution(NamedTuple):
    """Packages that can be installed together."""

    packages: list[Package]
    """Each after what it needs."""
    needs: Mapping[str, tuple[str, ...]]
    """Names of those among them that each needs, by its name."""


def solve(
    pool: Pool,
    wanted: Iterable[Relation],
    recommends: bool = False,
    alone: Iterable[str] = (),
    have: Sequence[Package] = (),
) -> Solution:
    """*wanted* and all that they need, without what is there already.

    Of several packages that would do, the first alternative is taken, its own name before a provided one, the
    newest version, as apt, opkg and dnf do; another one only where that leads nowhere. What leaves a choice
    is looked at last: by then it may be there.

    :param recommends: Whether also to take what packages recommend, where it is to be had.
    :param alone: Packages that are taken without what they need.
    :param have: What a base image has.
    :raises SdkError: When there is no such set, with the first thing that stood in the way.
    """
    return _Solver(pool, recommends, alone, have).solve([(relation,) for relation in wanted])


def chosen(
    pool: Pool, packages: Iterable[Package], recommends: bool = False, have: Sequence[Package] = ()
) -> Solution:
    """*packages*, which were chosen before, as `solve` gives them."""
    solver = _Solver(pool, recommends, (), have)
    for package in packages:
        solver.add(package, None)
    return solver.solution()


class _Solver:
    def __init__(self, pool: Pool, recommends: bool, alone: Iterable[str], have: Sequence[Package]) -> None:
        self.pool, self.recommends, self.alone = pool, recommends, frozenset(alone)
        self.have = {package.name for package in have}
        self.chosen: dict[str, Package] = {}
        self.wanted_by: dict[str, Package | None] = {}
        self.answers: dict[str, list[Package]] = {}
        """Chosen packages by each name that they answer to."""
        self.against: dict[str, list[tuple[Relation, Package]]] = {}
        """What chosen packages can't be beside, by its name."""
        self.obsoleting: dict[str, list[Package]] = {}
        """Chosen packages by the names of those that they are there instead of."""
        self.options = Options(pool)
        self.problem, self.hint = "", "another version, or another feed?"
        for package in have:
            self.add(package, None)

    def solve(self, clauses: list[Alternatives]) -> Solution:
        agenda = self._added([Need(clause, None) for clause in clauses], Agenda())
        choices: list[Choice] = []
        for _ in range(_STEPS):
            need, agenda = self._first(agenda)
            if need is None:
                return self.solution()
            self._check(need)
            choices.append(Choice(agenda, need, len(self.chosen), iter(self.options.of(need))))
            agenda = self._next(choices)
        raise self._unsolvable("there are too many ways to choose")

    def solution(self) -> Solution:
        needs = {
            name: tuple(sorted({each.name for each in self._needed(package)} - {name}))
            for name, package in self.chosen.items()
        }
        return Solution([p for p in in_order(self.chosen, needs) if p.name not in self.have], needs)

    def _first(self, agenda: Agenda) -> tuple[Need | None, Agenda]:
        """What is to be done first, and the rest."""
        certain = agenda.certain
        while certain:
            if not self._is_met(certain.need):
                return certain.need, agenda._replace(certain=certain.rest)
            certain = certain.rest
        others = [need for need in agenda.others if not self._is_met(need)]
        others = others or list(self._conditional())
        if not others:
            return None, Agenda()
        return self._turn(others, agenda._replace(certain=None))

    def _turn(self, needs: list[Need], agenda: Agenda) -> tuple[Need, Agenda]:
        """Which of *needs*, that several packages could be, is next; and what is left.

        Where alternatives are alike it goes as libsolv goes: first what one package only is left for, then
        what the user asked for, then what is of one name, then the rest, in the order of their packages.
        """
        need = next((each for each in needs if each.by is None), needs[0])
        if not self.pool.form.first_alternative:
            left = [[p for p in self.options.of(each) if not self._hindrance(p)] for each in needs]
            certain = next((each for each, found in zip(needs, left, strict=True) if len(found) <= 1), None)
            if certain or need.by is None:
                need = certain or need
            else:
                named = [len(self.options.names(found)) <= 1 for found in left]
                if not any(named) and not agenda.choosing:
                    agenda = agenda._replace(choosing=True, at=())
                places = sorted(
                    (self.options.place(each), at)
                    for at, each in enumerate(needs)
                    if agenda.choosing or named[at]
                )
                place, at = next((each for each in places if each[0] > agenda.at), places[0])
                need, agenda = needs[at], agenda._replace(at=place)
        return need, agenda._replace(others=tuple(each for each in needs if each is not need))

    def _conditional(self) -> Iterator[Need]:
        """What chosen packages need because of others that were chosen."""
        for package in self.chosen.values():
            for when, then in package.conditions:
                if all(self._satisfied((each,)) for each in when) and not self._satisfied(then):
                    self._check_together(package, when, then)
                    yield Need(then, package)

    def _check_together(self, package: Package, when: Sequence[Relation], then: Alternatives) -> None:
        """Keep that *package* can't be beside all of *when*, where nothing can be done for it."""
        if not then:
            others = " and ".join(map(str, when))
            self.problem = (
                self.problem or f"{package.name} can't be beside {others}{' together' if when[1:] else ''}"
            )

    def _check(self, need: Need) -> None:
        """Keep what is wrong with a *need* that nothing will do for."""
        if self.options.of(need) or not need.clause:
            return
        asked = need.clause[0].name
        if need.by is None and not self.problem:
            known = self.pool.named(asked) or self.pool.foreign(asked)
            self.hint = self.hint if known else self.pool.near(asked) or self.hint
        self._failed(need, self.options.missing(need))

    def _added(self, needs: list[Need], agenda: Agenda) -> Agenda:
        certain = [self.options.is_certain(need) for need in needs]
        others = [need for need, sure in zip(needs, certain, strict=True) if not sure]
        for need, sure in zip(reversed(needs), reversed(certain), strict=True):
            agenda = agenda._replace(certain=Stack(need, agenda.certain)) if sure else agenda
        return agenda._replace(others=(*agenda.others, *others))

    def _next(self, choices: list[Choice]) -> Agenda:
        """Take the next package that can be taken; back to the last choice where there is none."""
        while choices:
            choice = choices[-1]
            self._forget(choice.count)
            for package in choice.options:
                if self._take(package, choice.need):
                    return self._added(self._needs(package), choice.agenda)
            choices.pop()
        raise self._unsolvable("the packages can't be installed together")

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
        for name, relation in self._conflicting(package):
            self.against.setdefault(name, []).append((relation, package))
        for relation in package.obsoletes:
            self.obsoleting.setdefault(relation.name, []).append(package)

    def _forget(self, count: int) -> None:
        while len(self.chosen) > count:
            name, package = self.chosen.popitem()
            del self.wanted_by[name]
            for answered in _names(package):
                self.answers[answered].remove(package)
            for each, relation in self._conflicting(package):
                self.against[each].remove((relation, package))
            for relation in package.obsoletes:
                self.obsoleting[relation.name].remove(package)

    def _conflicting(self, package: Package) -> Iterator[tuple[str, Relation]]:
        """What *package* can't be beside, by a name that it answers to."""
        for relation in package.conflicts:
            names = {p.name for p in self.pool.satisfying(relation)} if relation.name[:1] == "/" else ()
            yield from ((name, relation) for name in (relation.name, *names))

    def _hindrance(self, package: Package) -> str:
        """Why *package* can't be beside what was chosen; empty when it can."""
        if package.problem:
            return f"{package} {package.problem}"
        other = self.chosen.get(package.name)
        if other:
            known = other.name in self.have
            return (
                f"{other} is in the base image" if known else f"{other} is needed too{self._because(other)}"
            )
        other = next(self._against(package), None)
        return f"{package} can't be beside {other}{self._because(other)}" if other else ""

    def _against(self, package: Package) -> Iterator[Package]:
        """What was chosen and can't be beside *package*."""
        for name in _names(package):
            for relation, other in self.against.get(name, ()):
                if self.pool.satisfies(package, relation):
                    yield other
        for relation in package.conflicts:
            yield from (other for other in self._answering(relation) if other is not package)
        for relation in package.obsoletes:
            if (known := self.chosen.get(relation.name)) and self.options.instead(package, known):
                yield known
        yield from (
            other for other in self.obsoleting.get(package.name, ()) if self.options.instead(other, package)
        )

    def _because(self, package: Package) -> str:
        if package.name in self.have:
            return ", which the base image has"
        by = self.wanted_by[package.name]
        return f", which {by.name} needs" if by else ""

    def _is_met(self, need: Need) -> bool:
        """Who asks for a package by its name does not want another one that provides it."""
        if need.by is None:
            [relation] = need.clause
            known = self.chosen.get(relation.name)
            if known and known.name in self.have:
                return self.pool.satisfies(known, relation)
            return any(self.chosen.get(package.name) is package for package in self.options.of(need))
        return self._satisfied(need.clause)

    def _satisfied(self, clause: Alternatives) -> bool:
        return any(next(self._answering(relation), None) for relation in clause)

    def _answering(self, relation: Relation) -> Iterator[Package]:
        """What was chosen and is what *relation* asks for."""
        if relation.name[:1] == "/":
            return (p for p in self.pool.satisfying(relation) if self.chosen.get(p.name) is p)
        return (p for p in self.answers.get(relation.name, ()) if self.pool.satisfies(p, relation))

    def _needs(self, package: Package) -> list[Need]:
        if package.name in self.alone:
            return []
        needs = [Need(clause, package) for clause in package.depends]
        if self.recommends:
            likely = (Need(clause, package) for clause in package.recommends)
            needs += [need for need in likely if any(map(self.pool.satisfying, need.clause))]
        return needs

    def _needed(self, package: Package) -> Iterator[Package]:
        clauses = [*(need.clause for need in self._needs(package)), *(then for _, then in package.conditions)]
        for clause in clauses:
            for relation in clause:
                yield from self._answering(relation)

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
