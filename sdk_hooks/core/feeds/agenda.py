"""What a search for packages has still to do, and where it could have gone another way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sdk_hooks.core.feeds.options import Need
from sdk_hooks.packages import Package


class Stack(NamedTuple):
    """A list that shares its tail."""

    need: Need
    rest: Stack | None


class Agenda(NamedTuple):
    """What is still to be done."""

    certain: Stack | None = None
    """What only one package will do for, so that there is nothing to choose."""
    others: tuple[Need, ...] = ()
    choosing: bool = False
    """Whether nothing but choices was left once."""
    at: tuple[int, ...] = ()
    """The place of what was last chosen for."""


@dataclass(frozen=True)
class Choice:
    """Where another package could be taken."""

    agenda: Agenda
    """What comes after it."""
    need: Need
    count: int
    """Packages that were chosen before."""
    options: Iterator[Package]
