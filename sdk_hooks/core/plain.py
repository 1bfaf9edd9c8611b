"""Takes away compression, whichever it is: gzip, xz, bzip2 and zstd are told by their first bytes."""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from typing import IO, Any, cast

from sdk_hooks.errors import SdkError


@contextlib.contextmanager
def plain(packed: IO[bytes], what: str) -> Iterator[IO[bytes]]:
    """The uncompressed content of *packed*, which is read from where it stands.

    :param what: For people, such as "the package": it is in the error when zstd is not there.

    What is damaged raises OSError, EOFError, zlib.error or lzma.LZMAError while it is read.

    :raises SdkError: When this machine can't take that compression away.
    """
    start = packed.read(6)
    whole = cast("IO[bytes]", io.BufferedReader(_Joined(start, packed), 1 << 20))
    if start[:2] == b"\x1f\x8b":
        import gzip

        yield cast("IO[bytes]", gzip.GzipFile(fileobj=whole))
    elif start == b"\xfd7zXZ\0" or start[:3] == b"\x5d\0\0":
        import lzma

        yield cast("IO[bytes]", lzma.LZMAFile(whole))  # noqa: SIM115  it is whole's
    elif start[:3] == b"BZh":
        import bz2

        yield cast("IO[bytes]", bz2.BZ2File(whole))
    elif start[:4] == b"\x28\xb5\x2f\xfd":
        with tempfile.TemporaryFile() as file:
            _unzstd(whole, file, what)
            yield file
    else:
        yield whole


def _unzstd(packed: IO[bytes], file: IO[bytes], what: str) -> None:
    """By the program: Python has it from 3.14 on."""
    if shutil.which("zstd") is None:
        raise SdkError(f"{what} is compressed with zstd", hint="install zstd", code="missing-program")
    argv = ("zstd", "-dcq")
    with tempfile.TemporaryFile() as source:  # feeding a pipe while another one is read would need a thread
        shutil.copyfileobj(packed, source)
        source.seek(0)
        done = subprocess.run(argv, stdin=source, stdout=file, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise OSError(done.stderr.decode(errors="replace").strip())
    file.seek(0)


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
