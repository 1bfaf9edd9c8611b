"""Reads the headers of rpm packages: numbered tags with typed values."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import IO

MAGIC = b"\x8e\xad\xe8\x01\0\0\0\0"
LARGEST = 64 << 20
"""Bytes of values; the largest packages of distributions have a tenth of it."""
_MOST = 4096
"""Tags; packages have fewer than 200."""
_CHAR, _INT8, _INT16, _INT32, _INT64, _STRING, _BIN, _STRINGS, _I18N = range(1, 10)
_SIZES = {_CHAR: 1, _INT8: 1, _INT16: 2, _INT32: 4, _INT64: 8, _BIN: 1}
_LETTERS = {_CHAR: "B", _INT8: "B", _INT16: "H", _INT32: "I", _INT64: "Q"}
_ENTRY = struct.Struct(">IIII")


class Header:
    """The values of a header by their tags; what is not there is empty.

    :param raw: All of it, from its magic on.
    """

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        count, size = struct.unpack_from(">II", raw, 8)
        start = 16 + count * _ENTRY.size
        self._store = raw[start : start + size]
        self._index: Mapping[int, tuple[int, int, int]] = {
            tag: (kind, at, number) for tag, kind, at, number in _ENTRY.iter_unpack(raw[16:start])
        }

    def __contains__(self, tag: int) -> bool:
        return tag in self._index

    def value(self, tag: int) -> tuple[int, int, bytes]:
        """Type, count and bytes as they are stored; type 0 of what is not there.

        :raises ValueError: When it is beyond the end.
        """
        kind, at, count = self._index.get(tag, (0, 0, 0))
        if kind not in (_STRING, _STRINGS, _I18N):
            size = count * _SIZES.get(kind, 0)
            self._inside(tag, at, size)
            return kind, count, self._store[at : at + size]
        texts = (text.encode(errors="surrogateescape") for text in self.texts(tag))
        return kind, count, b"".join(text + b"\0" for text in texts)

    def numbers(self, tag: int) -> tuple[int, ...]:
        """
        :raises ValueError: When it is something else, or beyond the end.
        """
        kind, at, count = self._index.get(tag, (_INT8, 0, 0))
        if kind not in _LETTERS:
            raise _wrong(tag)
        self._inside(tag, at, count * _SIZES[kind])
        return struct.unpack_from(f">{count}{_LETTERS[kind]}", self._store, at)

    def number(self, tag: int) -> int:
        return next(iter(self.numbers(tag)), 0)

    def blob(self, tag: int) -> bytes:
        kind, at, count = self._index.get(tag, (_BIN, 0, 0))
        if kind != _BIN:
            raise _wrong(tag)
        self._inside(tag, at, count)
        return self._store[at : at + count]

    def texts(self, tag: int) -> list[str]:
        """
        :raises ValueError: When it is something else, or beyond the end.
        """
        kind, at, count = self._index.get(tag, (_STRINGS, 0, 0))
        if kind not in (_STRING, _STRINGS, _I18N) or (kind == _STRING and count != 1):
            raise _wrong(tag)
        self._inside(tag, at, count)
        pieces = self._store[at:].split(b"\0", count) if count != 1 else [*self._one(at), b""]
        if len(pieces) <= count:
            raise _wrong(tag)
        return [piece.decode(errors="surrogateescape") for piece in pieces[:count]]

    def text(self, tag: int) -> str:
        return next(iter(self.texts(tag)), "")

    def _one(self, at: int) -> list[bytes]:
        end = self._store.find(b"\0", at)
        return [self._store[at:end]] if end >= 0 else []

    def _inside(self, tag: int, at: int, size: int) -> None:
        if at + size > len(self._store):
            raise _wrong(tag)


def read(file: IO[bytes], what: str) -> Header:
    """The header that *file* has where it stands.

    :param what: For people, such as "header".
    :raises ValueError: Saying what is wrong.
    """
    start = exactly(file, 16)
    if start[:8] != MAGIC:
        raise ValueError(f"its {what} is damaged")
    count, size = struct.unpack_from(">II", start, 8)
    if count > _MOST or size > LARGEST:
        raise ValueError(f"its {what} has {count} tags and {size} bytes")
    return Header(start + exactly(file, count * _ENTRY.size + size))


def exactly(file: IO[bytes], size: int) -> bytes:
    """The next *size* bytes.

    :raises ValueError: When there are fewer.
    """
    found = file.read(size)
    if len(found) < size:
        raise ValueError("it is cut off")
    return found


def _wrong(tag: int) -> ValueError:
    return ValueError(f"its header has a damaged tag {tag}")
