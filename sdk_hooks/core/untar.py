"""Opens tar archives of strangers as streams."""

from __future__ import annotations

import contextlib
import io
import tarfile
from collections.abc import Iterator
from typing import IO, Any, cast

CUT = "it is cut off"
_PATIENCE = 4
"""Reads at the end of the archive: a sound one is read there once or twice."""


@contextlib.contextmanager
def untar(stream: IO[bytes]) -> Iterator[tarfile.TarFile]:
    """The uncompressed archive that *stream* is; its members come in their order, each can be read once.

    What is damaged raises one of `plain.DAMAGED`.
    """
    ending = cast("IO[bytes]", _Ending(stream))
    try:
        with tarfile.open(fileobj=ending, mode="r|") as archive:
            yield archive
    except tarfile.ReadError as error:  # newer Pythons find it themselves where the last member ends
        if str(error) == "unexpected end of data":
            raise ValueError(CUT) from error
        raise


class _Ending(io.RawIOBase):
    """A stream that can't be read for ever: tarfile skips 8 EiB that a header promises block by block."""

    def __init__(self, inner: IO[bytes]) -> None:
        self.inner, self.left = inner, _PATIENCE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self.inner.read(len(buffer))
        buffer[: len(piece)] = piece
        self.left -= not piece
        if self.left < 0:
            raise ValueError(CUT)
        return len(piece)
