"""gzipped.py: what the gzip module reads, the same on every machine."""

from __future__ import annotations

import gzip
import os
import random

import pytest

from sdk_hooks.core.oci import gzipped
from sdk_hooks.output import gzip as public

MIB = 1 << 20


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 5])
@pytest.mark.parametrize("level", [1, 6, 9])
def test_the_gzip_module_reads_it(size: int, level: int) -> None:
    content = (random.Random(size).randbytes(1000) * (size // 1000 + 1))[:size]

    packed = b"".join(gzipped.compress([content], level))

    assert gzip.decompress(packed) == content
    assert size < 2000 or len(packed) < size / 2


def test_empty_pieces_are_an_empty_file() -> None:
    assert gzip.decompress(b"".join(gzipped.compress([]))) == b""
    assert b"".join(gzipped.compress([b"", b""])) == b"".join(gzipped.compress([]))


def test_neither_processors_nor_the_cut_of_the_pieces_show(monkeypatch: pytest.MonkeyPatch) -> None:
    content = random.Random(1).randbytes(50_000) * 50
    whole = b"".join(gzipped.compress([content]))

    for processors, cut in ((1, 999_983), (3, 2 * MIB), (64, 65_536)):
        monkeypatch.setattr(os, "cpu_count", lambda count=processors: count)
        pieces = [content[at : at + cut] for at in range(0, len(content), cut)]
        assert b"".join(gzipped.compress(pieces)) == whole


def test_nothing_in_the_header_comes_from_this_moment() -> None:
    assert b"".join(public([b"x"]))[:10] == bytes.fromhex("1f8b08000000000000ff")


def test_what_goes_wrong_in_the_pieces_comes_out() -> None:
    def pieces() -> list[bytes]:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        b"".join(gzipped.compress(iter(pieces, None)))  # type: ignore[arg-type]
