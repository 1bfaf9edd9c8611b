"""Which of several packages is taken, as libsolv chooses for dnf."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cmp_to_key

from sdk_hooks.core.rpm.version import compare, overlaps
from sdk_hooks.packages import Package, Relation

_newest = cmp_to_key(lambda one, other: compare(str(other), str(one)))
_MANY = 64
"""Packages from which on the order of the ones at the end is not worth the time."""
_HASH = re.compile(r"[0-9a-f]{4,}")


def preferred(found: Iterable[Package], old: Collection[Package]) -> list[Package]:
    """Of each name the newest; of several names by what they provide in versions, else by the alphabet.

    :param old: Those of which there are newer versions: they come last.
    """
    left = sorted(found, key=lambda each: (each.name, _newest(each.version)))
    done: list[Package] = []
    while len(left) > 1 and len(done) < _MANY:
        first = _first(left, old)
        done.append(first)
        left = [package for package in left if package is not first]
    return done + left


def instead(one: Package, other: Package) -> bool:
    """Whether the one is there in the place of the other."""
    own = Relation(other.name, "=", other.version)
    return one.name != other.name and any(r.name == other.name and overlaps(own, r) for r in one.obsoletes)


def _first(left: list[Package], old: Collection[Package]) -> Package:
    """:param left: By name, of each name the newest first."""
    best = list({package.name: package for package in reversed(left)}.values())[::-1]
    best = [package for package in best if not any(instead(other, package) for other in best)] or best
    if len(best) > 1:
        badness = _badness(best)
        best.sort(key=lambda package: package in old)
        best.sort(key=lambda package: badness.get(package.name, 0))
    return best[0]


def _badness(best: list[Package]) -> dict[str, int]:
    """How many newer versions the others provide of what each provides, all names taken together."""
    provided: dict[str, list[tuple[str, Package]]] = {}
    for package in best:
        for each in package.provides:
            if each.operator == "=" and not _HASH.fullmatch(each.version):
                provided.setdefault(each.name, []).append((each.version, package))
    found: dict[str, int] = {}
    for rows in provided.values():
        rows.sort(key=lambda row: _newest(row[0]))
        bad = 0
        for number, (version, package) in enumerate(rows):
            newer, other = rows[number - 1]
            bad += bool(number and other is not package and compare(version, newer))
            found[package.name] = found.get(package.name, 0) + bad
    return found
