"""Reads the cpio archives of rpm packages: newc, and rpm's own form of it for large files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO, NamedTuple

from sdk_hooks.core.rpm.header import exactly

_LONGEST = 1 << 16
"""Bytes of a name."""
_END = "TRAILER!!!"


class Found(NamedTuple):
    """One entry of an archive."""

    name: str
    """Empty in rpm's own form, which has numbers."""
    number: int
    """Of the file in the package's header; -1 in the usual form, which has names."""
    size: int


def entries(archive: IO[bytes], size_of: Callable[[int], int]) -> Iterator[Found]:
    """The entries of *archive*; the content of one is read by `exactly` before the next is asked for.

    :param size_of: Of a file by its number in the header.
    :raises ValueError: When it is no such archive, or damaged.
    """
    while True:
        magic = exactly(archive, 6)
        if magic == b"07070X":
            number = _hex(exactly(archive, 8))
            exactly(archive, 2)
            found = Found("", number, size_of(number))
        elif magic in (b"070701", b"070702"):
            found = _named(archive)
            if found.name == _END:
                return
        else:
            raise ValueError("its archive of files is damaged")
        yield found
        exactly(archive, -found.size % 4)


def _named(archive: IO[bytes]) -> Found:
    fields = exactly(archive, 104)
    size, length = _hex(fields[48:56]), _hex(fields[88:96])
    if not 0 < length <= _LONGEST:
        raise ValueError(f"its archive has a name of {length} bytes")
    name = exactly(archive, length)[:-1].decode(errors="surrogateescape")
    exactly(archive, -(110 + length) % 4)
    return Found(name, -1, size)


def _hex(text: bytes) -> int:
    try:
        return int(text.decode("ascii"), 16)
    except ValueError:
        raise ValueError("its archive of files is damaged") from None
