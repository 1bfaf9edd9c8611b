"""tarstream.py: what it writes, as tarfile reads it."""

from __future__ import annotations

import os
import random
import tarfile
from pathlib import Path

import pytest

from sdk_hooks.core.files.fileset import BLOCK, CHARACTER, DIRECTORY, FIFO, FILE, HARDLINK, SYMLINK, Entry
from sdk_hooks.core.oci import tarstream

from .helpers import as_nobody, fails, file, folder, root_only, untar

MIB = 1 << 20
EPOCH = 1_302_044_400


def packed(*entries: Entry, epoch: int = EPOCH) -> bytes:
    raw = b"".join(tarstream.stream(entries, epoch))

    assert len(raw) == tarstream.size(entries, epoch)
    assert len(raw) % 512 == 0
    return raw


def only(entry: Entry) -> tarfile.TarInfo:
    with untar(packed(entry)) as archive:
        (member,) = archive.getmembers()
    return member


def _name(dice: random.Random, length: int) -> str:
    alphabet = dice.choice(["abcXYZ019._-", "aé日/", "a/b", "x\udcff/", " =\n'\"\\"])
    text = "".join(dice.choice(alphabet) for _ in range(length)).strip("/")
    return "/".join(part for part in text.split("/") if part) or "n"


def _random_entry(dice: random.Random, top: Path, number: int) -> Entry:
    kind = dice.choice([FILE, FILE, FILE, DIRECTORY, SYMLINK, HARDLINK, CHARACTER, BLOCK, FIFO])
    length = dice.choice([1, 20, 99, 100, 101, 155, 156, 157, 255, 256, 257, 300, 1000])
    entry = Entry(
        f"{number}{_name(dice, length)}",
        kind,
        dice.choice([0, 0o644, 0o755, 0o4755, 0o7777]),
        dice.choice([0, 1000, 65532, 2097151, 2097152, 2**31]),
        dice.choice([0, 100, 2097152, 2**32 - 2]),
        mtime=dice.choice([-5, 0, 1, EPOCH - 1, EPOCH, EPOCH + 1, 2**40]),
        link=_name(dice, length) if kind in (SYMLINK, HARDLINK) else "",
        device=(dice.randrange(4096), dice.randrange(1 << 20)) if kind in (CHARACTER, BLOCK) else (0, 0),
    )
    if kind in (FILE, DIRECTORY) and dice.random() < 0.3:
        values = [b"", b"text", b"\0\xff" * dice.randint(1, 60), b"=\n" * 9]
        names = ("security.capability", "user.é")
        entry = entry._replace(xattrs=tuple((name, dice.choice(values)) for name in names))
    if kind != FILE:
        return entry
    content = dice.randbytes(dice.choice([0, 1, 511, 512, 513, 1024, 5000]))
    if dice.random() < 0.5:
        return entry._replace(size=len(content), data=content)
    source = top / str(number)
    source.write_bytes(content)
    return entry._replace(size=len(content), source=str(source))


def _compare(entry: Entry, member: tarfile.TarInfo, archive: tarfile.TarFile) -> None:
    assert member.name == entry.path
    assert member.type == entry.kind.encode()
    assert (member.mode, member.uid, member.gid) == (entry.mode, entry.uid, entry.gid)
    assert member.mtime == max(min(entry.mtime, EPOCH), 0)
    assert member.linkname == entry.link
    assert (member.uname, member.gname) == ("", "")
    if entry.kind in (CHARACTER, BLOCK):
        assert (member.devmajor, member.devminor) == entry.device
    xattrs = {k: v for k, v in member.pax_headers.items() if k.startswith("SCHILY.xattr.")}
    encoded = {k[13:]: v.encode(errors="surrogateescape") for k, v in xattrs.items()}
    assert encoded == dict(entry.xattrs)
    if entry.kind == FILE:
        stream = archive.extractfile(member)
        assert stream is not None
        assert stream.read() == (entry.data or (Path(entry.source).read_bytes() if entry.source else b""))


@pytest.mark.parametrize("seed", range(12))
def test_random_entries_are_read_back_by_tarfile(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    entries = [_random_entry(dice, tmp_path, number) for number in range(60)]

    with untar(packed(*entries)) as archive:
        members = archive.getmembers()

        assert len(members) == len(entries)
        for entry, member in zip(entries, members, strict=True):
            _compare(entry, member, archive)


def test_plain_entries_are_the_bytes_that_tarfile_writes() -> None:
    for entry in (file("usr/bin/app", b"x" * 700, 0o755, uid=7, gid=8, mtime=99), folder("a/b", 0o1777)):
        theirs = tarfile.TarInfo(entry.path)
        theirs.type, theirs.mode, theirs.size = entry.kind.encode(), entry.mode, entry.size
        theirs.uid, theirs.gid, theirs.mtime = entry.uid, entry.gid, entry.mtime

        ours, theirs_raw = tarstream.header(entry, EPOCH), theirs.tobuf(tarfile.USTAR_FORMAT)
        for start, end in (
            (0, 148),
            (156, 329),
            (345, 512),
        ):  # without the checksum, and tarfile's empty numbers
            assert ours[start:end] == theirs_raw[start:end]


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, MIB - 1, MIB, MIB + 1, 2 * MIB, 3 * MIB + 513])
@pytest.mark.parametrize("inline", [True, False])
def test_content_of_every_size_is_whole_and_padded(tmp_path: Path, size: int, inline: bool) -> None:
    content = random.Random(size).randbytes(size)
    (tmp_path / "x").write_bytes(content)
    entry = file("x", content) if inline else Entry("x", FILE, 0o644, size=size, source=str(tmp_path / "x"))

    with untar(packed(entry, file("after", b"end"))) as archive:
        assert archive.extractfile("x").read() == content  # type: ignore[union-attr]
        assert archive.extractfile("after").read() == b"end"  # type: ignore[union-attr]


def test_pieces_are_about_one_mebibyte(tmp_path: Path) -> None:
    entries = [file(str(number), bytes(300_000)) for number in range(40)]

    sizes = [len(piece) for piece in tarstream.stream(entries, 0)]

    assert sum(sizes) == tarstream.size(entries, 0)
    assert max(sizes) < 1.5 * MIB
    assert len(sizes) < 16


def test_an_archive_of_nothing_is_its_end() -> None:
    assert packed() == bytes(1024)


@pytest.mark.parametrize(
    ("path", "pax"),
    [
        ("a" * 100, False),
        ("a" * 101, True),
        ("a" * 50 + "/" + "b" * 100, False),
        ("a" * 155 + "/" + "b" * 100, False),
        ("a" * 156 + "/" + "b" * 100, True),
        ("a" * 50 + "/" + "b" * 101, True),
        ("é", True),
    ],
)
def test_only_what_ustar_can_not_say_gets_a_pax_header(path: str, pax: bool) -> None:
    member = only(file(path))

    assert member.name == path
    assert bool(member.pax_headers) == pax


def test_the_slash_of_a_directory_counts() -> None:
    assert not only(folder("a" * 99)).pax_headers
    assert only(folder("a" * 100)).pax_headers
    assert only(folder("a" * 155 + "/" + "b" * 99)).name == "a" * 155 + "/" + "b" * 99


def test_a_pax_header_has_nothing_of_this_moment() -> None:
    entry = file("é" * 10, mtime=2**40)

    assert packed(entry) == packed(entry)
    assert packed(entry)[136:147] == b"00000000000"


def test_a_file_of_many_gigabytes_has_its_size_in_a_pax_header() -> None:
    entry = Entry("x", FILE, 0o644, size=2**33, source="/nowhere")
    header = tarstream.header(entry, EPOCH)

    with untar(header + bytes(1024)) as archive:
        member = archive.next()

    assert member is not None
    assert (member.size, member.pax_headers) == (2**33, {"size": str(2**33)})
    assert tarstream.size([entry], EPOCH) == len(header) + 2**33 + 1024


@pytest.mark.parametrize("size", [10, 2 * MIB])
@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_that_changes_its_size_is_an_error(tmp_path: Path, size: int, change: int) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(size + change))

    with fails(
        f"'{path}' changed while it was read [changed-while-reading]\n"
        "  hint: wait until what writes it is done, then build again"
    ):
        packed_entry = Entry("x", FILE, 0o644, size=size, source=str(path))
        b"".join(tarstream.stream([packed_entry], 0))


@pytest.mark.parametrize("size", [10, 2 * MIB])
def test_a_file_that_is_gone_is_an_error(tmp_path: Path, size: int) -> None:
    with fails(f"can't read '{tmp_path}/x' [unreadable]\n  No such file or directory"):
        b"".join(tarstream.stream([Entry("x", FILE, 0o644, size=size, source=f"{tmp_path}/x")], 0))


@root_only
def test_a_file_that_may_not_be_read_is_an_error() -> None:
    path = Path(f"/tmp/devtool-containers-tar-{os.getpid()}")
    path.write_bytes(b"x")
    path.chmod(0o600)
    try:
        with as_nobody(), fails(f"can't read '{path}' [unreadable]\n  Permission denied"):
            b"".join(tarstream.stream([Entry("x", FILE, 0o644, size=1, source=str(path))], 0))
    finally:
        path.unlink()
