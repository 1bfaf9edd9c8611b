"""Compares versions as rpm does (rpm-version(7))."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import zip_longest

from sdk_hooks.packages import Relation

_PIECE = re.compile(r"[0-9]+|[a-zA-Z]+|~|\^")
_NEWER, _SAME, _OLDER = 4, 8, 2


def compare(one: str, other: str) -> int:
    """Of two texts like `epoch:version-release`: negative when *one* is older, 0 when they mean the same.

    A release counts only where both have one, as in what packages ask for.
    """
    (a_epoch, a, a_release), (b_epoch, b, b_release) = split(one), split(other)
    if a_epoch != b_epoch:
        return 1 if a_epoch > b_epoch else -1
    order = part(a, b)
    return order or (part(a_release, b_release) if a_release and b_release else 0)


def overlaps(provided: Relation, wanted: Relation) -> bool:
    """Whether a version may be in both; no version at all is every one."""
    a, b = _senses(provided.operator), _senses(wanted.operator)
    if not a or not b:
        return True
    order = compare(provided.version, wanted.version)
    if order < 0:
        return bool(a & _NEWER or b & _OLDER)
    if order > 0:
        return bool(a & _OLDER or b & _NEWER)
    return bool(a & b)


def _senses(operator: str) -> int:
    return sum(sense for sign, sense in (("<", _OLDER), (">", _NEWER), ("=", _SAME)) if sign in operator)


@lru_cache(4096)
def split(text: str) -> tuple[int, str, str]:
    """Epoch, version and release."""
    epoch, colon, rest = text.partition(":")
    if not (colon and epoch.isdecimal()):
        epoch, rest = "0", text.removeprefix(":")
    version, dash, release = rest.rpartition("-")
    return (int(epoch), version, release) if dash else (int(epoch), rest, "")


@lru_cache(4096)
def part(one: str, other: str) -> int:
    """Of two versions, or two releases."""
    for a, b in zip_longest(_PIECE.findall(one), _PIECE.findall(other)):
        if a == b:
            continue
        if "~" in (a, b):  # older than the end
            return -1 if a == "~" else 1
        if a is None or b is None:
            return -1 if a is None else 1
        if "^" in (a, b):  # newer than the end, older than all else
            return -1 if a == "^" else 1
        if a[0].isdigit() != b[0].isdigit():
            return 1 if a[0].isdigit() else -1
        x, y = (
            ((len(a.lstrip("0")), a.lstrip("0")), (len(b.lstrip("0")), b.lstrip("0")))
            if a[0].isdigit()
            else ((0, a), (0, b))
        )
        if x != y:
            return 1 if x > y else -1
    return 0
