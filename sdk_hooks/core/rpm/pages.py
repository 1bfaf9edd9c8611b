"""Clears pages of an sqlite database where they have nothing: what is left there is of sqlite's version."""

from __future__ import annotations

import struct
from collections.abc import Iterable

_INNER = (2, 5)
"""Kinds of pages that lead to others."""
_FIRST = 100
"""Bytes of the file's own header, in its first page."""


def cleared(raw: bytes, size: int, roots: Iterable[int]) -> bytearray:
    """*raw* with zeros where the trees at *roots* have no cells (sqlite's file format, "B-tree Pages").

    :param size: Of a page in bytes.
    :param roots: Numbers of pages, from 1 on.
    """
    content, todo = bytearray(raw), list(roots)
    while todo:
        page = todo.pop()
        start = (page - 1) * size
        head = start + (_FIRST if page == 1 else 0)
        kind, free, count, cells = struct.unpack_from(">BHHH", content, head)
        array = head + (12 if kind in _INNER else 8)
        if kind in _INNER:
            places = [head + 8, *(start + at for at in struct.unpack_from(f">{count}H", content, array))]
            todo += [struct.unpack_from(">I", content, place)[0] for place in places]
        _clear(content, array + 2 * count, start + cells)
        while free:
            following, length = struct.unpack_from(">HH", content, start + free)
            _clear(content, start + free + 4, start + free + length)
            free = following
    return content


def _clear(content: bytearray, start: int, end: int) -> None:
    content[start:end] = bytes(end - start)
