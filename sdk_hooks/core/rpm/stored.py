"""Headers of installed packages, as rpm's database has them: the package's own, and what is added to it.

Not a byte of the package's own header changes, so that its digests and signatures still hold; what is added
stands behind its region (rpm, lib/header.c: "dribbles").
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from sdk_hooks.core.rpm.header import MAGIC, Header

NORMAL, NOT_INSTALLED = 0, 2
"""States of files: the second one is of those that were left out, such as documentation."""
FILESTATES, FILEMTIMES, INSTALLTIME, INSTALLTID = 1029, 1034, 1008, 1128
INSTALLCOLOR, INSTPREFIXES = 1127, 1099
_REGION, _PREFIXES, _RPMFORMAT = 63, 1098, 5114
_CHAR, _INT32, _INT64, _STRING, _BIN, _STRINGS = 1, 4, 5, 6, 7, 8
_ENTRY = struct.Struct(">IIII")
_ALIGNED = {3: 2, _INT32: 4, _INT64: 8}
_OLDEST = 1000
"""Tags of signature headers from which on a package of rpm 6 has none."""
_SIGNATURES: Mapping[int, tuple[int, int]] = {
    1000: (257, _INT32),  # size
    1002: (259, _BIN),  # signatures of header and payload, and their MD5
    1004: (261, _BIN),
    1005: (262, _BIN),
    1007: (1046, _INT32),  # size of the archive
    267: (267, _BIN),  # signatures of the header
    268: (268, _BIN),
    269: (269, _STRING),  # its digests
    273: (273, _STRING),
    279: (279, _STRING),
    270: (270, _INT64),  # both sizes of large packages
    271: (271, _INT64),
    274: (274, _STRINGS),  # signatures of files
    275: (275, _INT32),
    276: (276, _STRINGS),
    277: (277, _INT32),
    278: (278, _STRINGS),  # signatures of the header, of several keys
}
"""Of each tag of the signature header: what it is in the database, and its type."""


class Installed(NamedTuple):
    """What rpm notes when it installs a package."""

    states: bytes
    """Of each file, in the header's order."""
    time: int
    """Seconds since 1970; the number of the transaction, too. No file is younger."""


class _Value(NamedTuple):
    tag: int
    kind: int
    number: int
    raw: bytes


def blob(header: Header, signatures: Header, installed: Installed) -> bytes:
    """What the database has of a package.

    :raises ValueError: When the header is of a kind that the database can't have.
    """
    count, size = struct.unpack_from(">II", header.raw, 8)
    start = 16 + count * _ENTRY.size
    if _ENTRY.unpack_from(header.raw + bytes(_ENTRY.size), 16)[:2] != (_REGION, _BIN):
        raise ValueError("its header has no region that signatures are of, as those of rpm 3")
    index, store = b"", header.raw[start : start + size]
    added = sorted([*_merged(header, signatures), *_noted(header, installed)])
    for tag, kind, number, raw in added:
        store += bytes(-len(store) % _ALIGNED.get(kind, 1))
        index += _ENTRY.pack(tag, kind, len(store), number)
        store += raw
    return struct.pack(">II", count + len(added), len(store)) + header.raw[16:start] + index + store


def read(stored: bytes) -> Header:
    """The header of a package that the database has as *stored*.

    :raises ValueError: When it is damaged.
    """
    if len(stored) < 8:
        raise ValueError("a header is cut off")
    count, size = struct.unpack_from(">II", stored)
    if len(stored) != 8 + count * _ENTRY.size + size:
        raise ValueError("a header is damaged")
    return Header(MAGIC + stored)


def _merged(header: Header, signatures: Header) -> Iterator[_Value]:
    """What the signature header says, as far as the header does not say the same."""
    is_new = header.number(_RPMFORMAT) >= 6
    for tag, (becomes, kind) in _SIGNATURES.items():
        if tag in signatures and becomes not in header and not (is_new and tag >= _OLDEST):
            found = signatures.value(tag)
            if found[0] == kind:
                yield _Value(becomes, *found)


def _noted(header: Header, installed: Installed) -> Iterable[_Value]:
    time = struct.pack(">I", min(installed.time, 0xFFFFFFFF))
    yield from (_Value(tag, _INT32, 1, time) for tag in (INSTALLTIME, INSTALLTID))
    yield _Value(INSTALLCOLOR, _INT32, 1, bytes(4))
    if installed.states:
        yield _Value(FILESTATES, _CHAR, len(installed.states), installed.states)
    times = header.numbers(FILEMTIMES)
    if any(each > installed.time for each in times):  # rpm has what is as it is there, as when it moves files
        clamped = (min(each, installed.time) for each in times)
        yield _Value(FILEMTIMES, _INT32, len(times), struct.pack(f">{len(times)}I", *clamped))
    if _PREFIXES in header:
        yield _Value(INSTPREFIXES, *header.value(_PREFIXES))
