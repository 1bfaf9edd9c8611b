"""Takes away compression, whichever it is: gzip, xz, bzip2 and zstd are told by their first bytes."""

from __future__ import annotations

import contextlib
import io
import lzma
import os
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, cast

from sdk_hooks.errors import SdkError

_COMPRESSED = (b"\x1f\x8b", b"\xfd7zXZ\0", b"\x5d\0\0", b"BZh", b"\x28\xb5\x2f\xfd")

DAMAGED = (ValueError, OverflowError, EOFError, OSError, tarfile.TarError, zlib.error, lzma.LZMAError)
"""What reading a damaged archive may raise; an OSError only when `is_damage`."""


def is_damage(error: BaseException) -> bool:
    """Whether *error*, one of `DAMAGED`, is the archive's, and not this machine's, such as a full disk."""
    return not (isinstance(error, OSError) and error.errno)


@contextlib.contextmanager
def seekable(packed: IO[bytes], what: str) -> Iterator[IO[bytes]]:
    """As `plain`, of a file that can be sought in: when it is not compressed, it can be afterwards, too."""
    start = packed.read(6)
    packed.seek(-len(start), os.SEEK_CUR)
    if start.startswith(_COMPRESSED):
        with plain(packed, what) as found:
            yield found
    else:
        yield packed


@contextlib.contextmanager
def plain(packed: IO[bytes], what: str, most: int | None = None) -> Iterator[IO[bytes]]:
    """The uncompressed content of *packed*, which is read from where it stands.

    :param what: For people, such as "the package": it is in the error when zstd is not there.

    :param most: Bytes that it may have.

    What is damaged, or has more, raises one of `DAMAGED` while it is read.

    :raises SdkError: When this machine can't take that compression away.
    """
    start = packed.read(6)
    whole = cast("IO[bytes]", io.BufferedReader(_Joined(start, packed), 1 << 20))
    with _opened(start, whole, what, most) as found:
        yield found if most is None else cast("IO[bytes]", io.BufferedReader(_Bounded(found, most)))


@contextlib.contextmanager
def _opened(start: bytes, whole: IO[bytes], what: str, most: int | None) -> Iterator[IO[bytes]]:
    if start[:2] == b"\x1f\x8b":
        import gzip

        yield cast("IO[bytes]", gzip.GzipFile(fileobj=whole))
    elif start == b"\xfd7zXZ\0" or start[:3] == b"\x5d\0\0":
        yield cast("IO[bytes]", lzma.LZMAFile(whole))  # noqa: SIM115  it is whole's
    elif start[:3] == b"BZh":
        import bz2

        yield cast("IO[bytes]", bz2.BZ2File(whole))
    elif start[:4] == b"\x28\xb5\x2f\xfd":
        with tempfile.TemporaryFile() as file:
            _unzstd(whole, file, what, most)
            yield file
    else:
        yield whole


def _unzstd(packed: IO[bytes], file: IO[bytes], what: str, most: int | None) -> None:
    """By the program: Python has it from 3.14 on."""
    if shutil.which("zstd") is None:
        raise SdkError(f"{what} is compressed with zstd", hint="install zstd", code="missing-program")
    argv = ("zstd", "-dcq")
    with tempfile.TemporaryFile() as source:  # feeding a pipe while another one is read would need a thread
        shutil.copyfileobj(packed, source)
        source.seek(0)
        with subprocess.Popen(argv, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            try:
                assert running.stdout and running.stderr  # noqa: S101  both are pipes
                shutil.copyfileobj(running.stdout if most is None else _Bounded(running.stdout, most), file)
                said = running.stderr.read()
            finally:
                running.kill()
    if running.returncode > 0 or said:
        raise OSError(said.decode(errors="replace").strip())
    file.seek(0)


class _Bounded(io.RawIOBase):
    """A stream that has at most *most* bytes."""

    def __init__(self, inner: IO[bytes], most: int) -> None:
        self.inner, self.most, self.left = inner, most, most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self.inner.read(len(buffer))
        self.left -= len(piece)
        if self.left < 0:
            raise ValueError(f"it has more than {self.most} bytes")
        buffer[: len(piece)] = piece
        return len(piece)


class _Joined(io.RawIOBase):
    """A stream whose first bytes were already read."""

    def __init__(self, start: bytes, rest: IO[bytes]) -> None:
        self.start, self.rest = start, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self.start[: len(buffer)] or self.rest.read(len(buffer))
        self.start = self.start[len(piece) :] if self.start else b""
        buffer[: len(piece)] = piece
        return len(piece)
