"""Reads ar archives, which deb and ipk packages are; ipk of old are tar archives of the same members."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO, Any, cast

from sdk_hooks.core.plain import plain
from sdk_hooks.core.untar import untar

_MAGIC, _END = b"!<arch>\n", b"`\n"
_HEADER = 60


def members(file: IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and content of each member; a content can be read until the next one is asked for.

    :raises ValueError: When it is no such archive, or a part is missing.
    """
    magic = file.read(len(_MAGIC))
    if magic[:2] == b"\x1f\x8b":
        file.seek(0)
        yield from _of_tar(file)
        return
    if magic != _MAGIC:
        raise ValueError("it is no ar archive")
    at = len(_MAGIC)
    while header := file.read(_HEADER):
        size = _size(header)
        start = at + _HEADER
        name = header[:16].decode("ascii", "replace").strip().rstrip("/")
        yield name, cast("IO[bytes]", io.BufferedReader(_Part(file, size)))
        at = start + size + size % 2
        file.seek(at)


def _size(header: bytes) -> int:
    text = header[48:58].strip()
    if len(header) < _HEADER or header[58:] != _END or not text.isdigit():
        raise ValueError("its ar header is damaged")
    return int(text)


def _of_tar(file: IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    with plain(file, "the package") as inner, untar(inner) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isreg() else None
            if content:
                yield member.name.removeprefix("./"), content


class _Part(io.RawIOBase):
    """The next *size* bytes of a file."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self.file, self.left = file, size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self.file.read(min(len(buffer), self.left))
        if not piece and self.left:
            raise ValueError("it is cut off")
        self.left -= len(piece)
        buffer[: len(piece)] = piece
        return len(piece)
