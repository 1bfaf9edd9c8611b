"""A three-way merge of texts by their lines, which keeps comments and the way that things are written."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple


class _Change(NamedTuple):
    """Lines *start* up to *end* of the text before become *lines*."""

    start: int
    end: int
    lines: tuple[str, ...]


def merge(before: str, theirs: str, ours: str, *, careful: bool) -> str | None:
    """*theirs* with what changed from *before* to *ours*; None when both changed the same lines.

    :param careful: Whether lines next to each other count as the same: for when nobody looks at the result.
    """
    lines = before.splitlines(keepends=True)
    mine, other = _changes(lines, theirs), _changes(lines, ours)
    for one in mine:
        for two in other:
            if one != two and _touch(one, two, 1 if careful else 0):
                return None
    found, at = [], 0
    for change in sorted({*mine, *other}):
        found += [*lines[at : change.start], *change.lines]
        at = change.end
    return "".join([*found, *lines[at:]])


def _changes(lines: Sequence[str], text: str) -> list[_Change]:
    after = text.splitlines(keepends=True)
    matcher = SequenceMatcher(None, lines, after, autojunk=False)
    return [
        _Change(start, end, tuple(after[low:high]))
        for kind, start, end, low, high in matcher.get_opcodes()
        if kind != "equal"
    ]


def _touch(one: _Change, two: _Change, near: int) -> bool:
    if near or (one.start == one.end and two.start == two.end):
        return one.start <= two.end and two.start <= one.end
    return one.start < two.end and two.start < one.end
