"""Compares versions as dpkg and opkg do (deb-version(7))."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

_PARTS = re.compile(r"(\D*)(\d*)")
_END = ((0,), 0)
MEANING: Mapping[str, Callable[[int], bool]] = {
    "<<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    "=": lambda order: order == 0,
    ">=": lambda order: order >= 0,
    ">>": lambda order: order > 0,
}
"""Of the operators of relations, given how a version compares to theirs."""


def compare(one: str, other: str) -> int:
    """Of two Debian versions: negative when *one* is older, 0 when they mean the same."""
    a, b = _key(one), _key(other)
    return (a > b) - (a < b)


@lru_cache(4096)
def _key(version: str) -> tuple[object, ...]:
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return (int(epoch) if epoch.isdecimal() else 0, _parts(upstream), _parts(revision))


def _parts(text: str) -> tuple[tuple[tuple[int, ...], int], ...]:
    """Text and number in turn; the end sorts before everything but a tilde."""
    found = [(word, number) for word, number in _PARTS.findall(text) if word or number]
    return (*(((*map(_order, word), 0), int(number or 0)) for word, number in found or [("", "0")]), _END)


def _order(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 256
