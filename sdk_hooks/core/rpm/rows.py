"""What the tables of rpm's database have of a package, by which rpm finds it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from sdk_hooks.core.rpm import rich
from sdk_hooks.core.rpm.header import Header


class Table(NamedTuple):
    """A table that packages are found by."""

    name: str
    tag: int
    """What of the header it is of."""
    is_text: bool = True
    is_list: bool = True
    """Whether a package can have several."""


_BASENAMES, _GROUP, _REQUIRES, _TRIGGERS, _TRANSACTION = 1117, 1016, 1049, 1066, 1128
_REQUIREFLAGS = 1048
TABLES = (
    Table("Name", 1000, is_list=False),
    Table("Basenames", _BASENAMES),
    Table("Group", _GROUP, is_list=False),
    Table("Requirename", _REQUIRES),
    Table("Providename", 1047),
    Table("Conflictname", 1054),
    Table("Obsoletename", 1090),
    Table("Triggername", _TRIGGERS),
    Table("Dirnames", 1118),
    Table("Installtid", _TRANSACTION, is_text=False, is_list=False),
    Table("Sigmd5", 261, is_text=False, is_list=False),
    Table("Sha1header", 269, is_list=False),
    Table("Filetriggername", 5069),
    Table("Transfiletriggername", 5079),
    Table("Recommendname", 5046),
    Table("Suggestname", 5049),
    Table("Supplementname", 5052),
    Table("Enhancename", 5055),
)
"""In the order in which rpm makes them."""
_WITH_RICH = (_REQUIRES, 1054, 5046, 5049, 5052, 5055)
_NUMBERED = {5069: 5070, 5079: 5080}
"""File triggers have numbers of their own."""
_BEFORE = 1 << 5 | 1 << 7 | 1 << 9 | 1 << 10 | 1 << 24 | 1 << 26
"""Flags of what is needed only to install a package: by its %pre and %post, and of rpm itself;"""
_AFTER = 1 << 11 | 1 << 12 | 1 << 20 | 1 << 21 | 1 << 29
"""and of what has to stay all the same: it is needed to remove it, too, or is no more than an order."""

Key = tuple[bytes, int]
"""What is looked for, and which one of the package it is."""


def keys(table: Table, header: Header, *, big_endian: bool) -> Iterator[Key]:
    """What *table* has of a package, in turn.

    :param big_endian: How the machine has numbers that the database is for.
    :raises ValueError: When the header is damaged.
    """
    if not table.is_text:
        raw = header.blob(table.tag) if table.tag != _TRANSACTION else b""
        numbers = header.numbers(table.tag) if table.tag == _TRANSACTION else ()
        yield from ((struct.pack(">I" if big_endian else "<I", each), 0) for each in numbers[:1])
        yield from [(raw, 0)] if raw else []
        return
    texts = header.texts(table.tag)
    if not table.is_list:
        texts = texts[:1] or (["Unknown"] if table.tag == _GROUP else [])
    for number, text in _wanted(table, header, texts):
        yield text.encode(errors="surrogateescape"), number
        if text.startswith("(") and table.tag in _WITH_RICH:
            yield from ((each.encode(errors="surrogateescape"), number) for each in rich.names(text))


def _wanted(table: Table, header: Header, texts: list[str]) -> Iterator[tuple[int, str]]:
    if table.tag == _REQUIRES:
        flags = header.numbers(_REQUIREFLAGS) or [0] * len(texts)
        pairs = zip(flags, enumerate(texts), strict=True)
        yield from (each for flag, each in pairs if not flag & _BEFORE or flag & _AFTER)
    elif table.tag in _NUMBERED:
        yield from zip(header.numbers(_NUMBERED[table.tag]), texts, strict=True)
    elif table.tag == _TRIGGERS:
        first = {text: number for number, text in reversed(list(enumerate(texts)))}
        yield from sorted((number, text) for text, number in first.items())
    else:
        yield from enumerate(texts)
