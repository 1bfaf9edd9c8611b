"""The cpio archives that the kernel unpacks: read back by cpio itself, and by a reader of our own."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest

from sdk_hooks.core.files.fileset import (
    CHARACTER,
    DIRECTORY,
    FILE,
    HARDLINK,
    SYMLINK,
    Entry,
)
from sdk_hooks.core.reftarget import cpio

ENTRIES = [
    Entry("bin", DIRECTORY, 0o755),
    Entry("bin/sh", FILE, 0o755, size=5, data=b"hello"),
    Entry("bin/ash", HARDLINK, 0o755, link="bin/sh"),
    Entry("dev", DIRECTORY, 0o755),
    Entry("dev/console", CHARACTER, 0o600, device=(5, 1)),
    Entry("lib", SYMLINK, 0o777, link="usr/lib"),
    Entry("tmp", DIRECTORY, 0o1777, 7, 8),
    Entry("ä b\udcff", FILE, 0o600, mtime=99),
]


def archive(*entries: Entry) -> bytes:
    stream = io.BytesIO()
    cpio.write(stream, entries)
    return stream.getvalue()


def read(raw: bytes) -> list[tuple[str, list[int], bytes]]:
    """(name, the 13 fields behind the magic number, content) of each member."""
    found, at = [], 0
    while True:
        assert raw[at : at + 6] == b"070701"
        fields = [int(raw[at + 6 + 8 * index : at + 14 + 8 * index], 16) for index in range(13)]
        name = raw[at + 110 : at + 110 + fields[11] - 1].decode(errors="surrogateescape")
        at += 110 + fields[11]
        at += -at % 4
        body = raw[at : at + fields[6]]
        at += fields[6] + -fields[6] % 4
        if name == "TRAILER!!!":
            assert not raw[at:].strip(b"\0")
            return found
        found.append((name, fields, body))


def test_every_kind_of_file_is_read_back() -> None:
    members = {name: (fields, body) for name, fields, body in read(archive(*ENTRIES))}

    assert list(members) == [entry.path for entry in ENTRIES]
    assert {name: oct(fields[1]) for name, (fields, _) in members.items()} == {
        "bin": "0o40755",
        "bin/sh": "0o100755",
        "bin/ash": "0o100755",
        "dev": "0o40755",
        "dev/console": "0o20600",
        "lib": "0o120777",
        "tmp": "0o41777",
        "ä b\udcff": "0o100600",
    }
    assert members["dev/console"][0][9:11] == [5, 1]
    assert members["lib"][1] == b"usr/lib"
    assert members["tmp"][0][2:4] == [7, 8]


def test_names_of_one_file_share_its_number_and_the_last_has_the_content() -> None:
    (_, first, empty), (_, second, body) = read(archive(*ENTRIES))[1:3]

    assert first[0] == second[0]
    assert (first[4], second[4]) == (2, 2)
    assert (empty, body) == (b"", b"hello")


def test_content_comes_from_the_source_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"from a file")

    assert read(archive(Entry("x", FILE, 0o644, source=str(tmp_path / "x"))))[0][2] == b"from a file"


def test_an_archive_has_no_times_and_ends_where_another_may_begin() -> None:
    raw = archive(*ENTRIES)

    assert len(raw) % 512 == 0
    assert all(fields[5] == 0 for _, fields, _ in read(raw))


@pytest.mark.skipif(shutil.which("cpio") is None, reason="cpio is not installed")
def test_cpio_reads_it(tmp_path: Path) -> None:
    plain = [entry for entry in ENTRIES if entry.kind != CHARACTER]
    argv = ("cpio", "-i", "-d", "-m", "--quiet")
    subprocess.run(argv, input=archive(*plain), cwd=tmp_path, check=True)

    assert (tmp_path / "bin/sh").read_bytes() == b"hello"
    assert (tmp_path / "bin/sh").samefile(tmp_path / "bin/ash")
    assert (tmp_path / "lib").readlink() == Path("usr/lib")
