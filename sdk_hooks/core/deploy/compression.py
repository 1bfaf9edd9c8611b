"""Compresses a stream with the best that both ends of a connection have."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable, Collection, Generator, Iterable
from dataclasses import dataclass
from typing import IO, cast

from sdk_hooks.core.oci import gzipped
from sdk_hooks.target import Argv, Target

_SMALL = 8 << 20
"""Bytes below which it is worth to compress as hard as possible: a slow link wins, nobody notices the CPU."""


@dataclass(frozen=True)
class Method:
    """How a stream is packed here and unpacked there."""

    name: str
    unpack: Argv
    """Reads standard input; empty when there is nothing to unpack."""
    pack: Callable[[Iterable[bytes]], Generator[bytes, None, None]]


def choose(target: Target, size: int) -> Method:
    """The method for *size* bytes on their way to *target*."""
    return among(target.programs, size, near=target.name == "local")


def among(programs: Collection[str], size: int, *, near: bool) -> Method:
    """The method for *size* bytes on their way to where there are *programs*; none when that is *near*."""
    small = size < _SMALL
    if near or not {"zstd", "gzip"} & {*programs}:
        return Method("none", (), _same)
    if "zstd" in programs and shutil.which("zstd"):
        # 19 takes half as long again for a thousandth of the size, and threads more, for less than one job
        argv = ("zstd", "-q", "-c", *(("-18", "-T1") if small else ("-3", "-T0")))
        return Method("zstd", ("zstd", "-dcq"), lambda pieces: through(argv, pieces))
    return Method("gzip", ("gzip", "-dc"), lambda pieces: gzipped.compress(pieces, 9 if small else 1))


def through(argv: Argv, pieces: Iterable[bytes]) -> Generator[bytes, None, None]:
    """What *argv* prints when it is given *pieces* on standard input."""
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        stdin, stdout = cast("IO[bytes]", child.stdin), cast("IO[bytes]", child.stdout)
        failure: list[BaseException] = []

        def write() -> None:
            try:
                with stdin:
                    for piece in pieces:
                        stdin.write(piece)
            except BaseException as error:  # carried to the reader below
                failure.append(error)

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        try:
            while piece := stdout.read1(1 << 18):  # type: ignore[attr-defined]  # a BufferedReader has it
                yield piece
            writer.join()
        except BaseException:  # also Ctrl-C, and a reader that stopped early
            child.kill()
            raise
    if failure:
        raise failure[0]


def _same(pieces: Iterable[bytes]) -> Generator[bytes, None, None]:
    yield from pieces
