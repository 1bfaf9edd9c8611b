"""gzip on all processors, with the same output on each machine."""

from __future__ import annotations

import os
import struct
import zlib
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

_BLOCK = 1 << 20
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # no name, no time


def compress(pieces: Iterable[bytes], level: int = 4) -> Generator[bytes, None, None]:
    """One gzip member of *pieces*.

    Level 4 takes less than half the time of 6, zlib's default, for 3 % more bytes of programs.
    Blocks of 1 MiB are compressed apart and joined at byte boundaries: how many processors there are
    does not show. zlib lets go of the interpreter while it works.
    """
    yield _HEADER
    crc, size = 0, 0
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[bytes]] = deque()
        for block in _blocks(pieces):
            crc, size = zlib.crc32(block, crc), size + len(block)
            waiting.append(pool.submit(_block, block, level))
            if len(waiting) > workers + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    yield b"\x03\x00" + struct.pack("<II", crc, size & 0xFFFFFFFF)  # an empty last block, and the trailer


def _block(block: bytes, level: int) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    return packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)


def _blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """*pieces* in blocks of one size: how they came does not show in what is made of them."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= _BLOCK:
            yield bytes(held[:_BLOCK])
            del held[:_BLOCK]
    if held:
        yield bytes(held)
