"""headers.py: tar archives as tarfile reads them, and what is no tar archive."""

from __future__ import annotations

import contextlib
import io
import os
import random
import subprocess
import tarfile
from pathlib import Path

import pytest

from sdk_hooks.core.files import headers
from sdk_hooks.core.files.fileset import Entry

from .helpers import write


def names(archive: bytes) -> list[str]:
    return [entry.path for entry in read(archive)]


def read(archive: bytes) -> list[Entry]:
    return list(headers.read(io.BytesIO(archive), lambda path: False))


def theirs(archive: bytes) -> list[tuple[object, ...]]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as opened:
        members = [member for member in opened if os.path.normpath(member.name) != "."]
    return [
        (
            os.path.normpath(m.name.lstrip("/")),
            m.type.decode() if m.type in b"123456" and m.type != b"\0" else "0",
            m.mode & 0o7777,
            m.uid,
            m.gid,
            m.size if m.isreg() else 0,
            m.linkname,
        )
        for m in members
    ]


def ours(entries: list[Entry]) -> list[tuple[object, ...]]:
    return [(e.path, e.kind, e.mode, e.uid, e.gid, e.size, e.link) for e in entries]


def made(form: int) -> bytes:
    """An archive with everything that needs more than a plain header."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, kind, link, size in (
            ("./", tarfile.DIRTYPE, "", 0),
            ("./a", tarfile.REGTYPE, "", 513),
            ("/abs", tarfile.REGTYPE, "", 0),
            ("long/" * 18 + "name", tarfile.REGTYPE, "", 1),
            ("l" * 150 + "/" + "n" * 90, tarfile.REGTYPE, "", 512),
            ("link", tarfile.SYMTYPE, "x" * 99, 0),
            ("a2", tarfile.LNKTYPE, "a", 0),
            ("dev", tarfile.CHRTYPE, "", 0),
            ("pipe", tarfile.FIFOTYPE, "", 0),
            ("dir", tarfile.DIRTYPE, "", 0),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.size, member.mode = kind, link, size, 0o4755
            member.uid, member.gid = 65532, 7
            archive.addfile(member, io.BytesIO(b"y" * size))
    return out.getvalue()


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_entries_are_those_that_tarfile_has(form: int) -> None:
    archive = made(form)

    assert ours(read(archive)) == theirs(archive)
    assert len(read(archive)) == 9


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_what_has_no_room_in_a_plain_header_is_read(form: int) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        member = tarfile.TarInfo("n" * 300 + "/ü")
        member.type, member.linkname, member.uid, member.gid = tarfile.SYMTYPE, "t" * 300, 3000000, 4000000
        archive.addfile(member)
        archive.addfile(tarfile.TarInfo("after"))

    assert ours(read(out.getvalue())) == theirs(out.getvalue())
    assert read(out.getvalue())[0][:5] == ("n" * 300 + "/ü", "2", 0o644, 3000000, 4000000)


@pytest.mark.parametrize("form", ["gnu", "pax", "ustar", "v7", "oldgnu"])
@pytest.mark.parametrize("sparse", [True, False])
def test_archives_of_gnu_tar_are_read(form: str, sparse: bool, tmp_path: Path) -> None:
    top = write(tmp_path / "top", {"a": "x" * 600, "d/": "", "d/l": "-> ../a", "d/n\n": ""})
    os.link(top / "a", top / "b")
    with (top / "holes").open("wb") as file:
        for hole in range(40):  # more than a header has room for
            file.seek(hole * 100_000)
            file.write(b"z")
    options = ["--sparse"] if sparse and form in ("gnu", "pax", "oldgnu") else []
    argv = ("tar", f"--format={form}", "--sort=name", *options, "-C", str(top), "-c", ".")
    archive = subprocess.run(argv, check=True, capture_output=True).stdout

    assert ours(read(archive)) == theirs(archive)
    assert next(entry.size for entry in read(archive) if entry.path == "holes") == 3_900_001


def test_content_is_kept_and_summed_of_what_is_asked_for() -> None:
    archive = made(tarfile.USTAR_FORMAT)
    found = {e.path: e for e in headers.read(io.BytesIO(archive), lambda path: path == "a", digest=True)}

    assert found["a"].data == b"y" * 513
    assert [path for path, entry in found.items() if entry.data] == ["a"]
    assert found["a"].stamp != found["l" * 150 + "/" + "n" * 90].stamp != ()
    assert found["abs"].stamp == ()


def test_a_stream_that_can_not_be_sought_in_gives_the_same() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

    archive = made(tarfile.GNU_FORMAT)

    assert list(headers.read(Pipe(archive), lambda path: False)) == read(archive)


def fails(archive: bytes, why: str) -> None:
    with pytest.raises(tarfile.TarError) as caught:
        read(archive)
    assert str(caught.value) == why


def header(**changes: bytes) -> bytes:
    """A block with fields changed, and the right checksum."""
    places = {"size": 124, "kind": 156, "uid": 108, "name": 0}
    block = bytearray(tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT))
    for field, value in changes.items():
        block[places[field] : places[field] + len(value)] = value
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def test_what_is_no_archive_is_said() -> None:
    fails(b"", "empty file")
    fails(b"hello " * 1000, "invalid header")
    fails(header()[:300], "invalid header")
    fails(header() + b"\xff" * 512, "bad checksum")
    fails(header(size=b"abc"), "invalid header")
    fails(header(kind=b"x", size=b"77777777777"), "invalid header")
    fails(header(kind=b"x", size=b"00000000010\0") + b"9999 a", "unexpected end of data")
    fails(header(size=b"00000001000\0") + bytes(100), "unexpected end of data")
    fails(header(size=b"\xff" * 12), "invalid header")
    fails(header(size=b"\x80" + b"\x70" * 11), "invalid header")
    for record in (b"12 size=-12\n", b"11 uid=1e3\n", b"33 size=99999999999999999999999\n"):
        fails(
            header(kind=b"x", size=b"%011o\0" % len(record)) + record.ljust(512, b"\0") + header(),
            "invalid header",
        )
    fails(header(kind=b"x", size=b"00000000010\0") + b"9999 a=b".ljust(512, b"\0"), "invalid header")
    fails(header(kind=b"x", size=b"00000000010\0") + b"nonsense".ljust(512, b"\0"), "invalid header")


def test_a_path_that_leads_out_is_refused() -> None:
    fails(header(name=b"a/../../x"), "'../x' leads out of the image")
    assert names(header(name=b"a/../..x")) == ["..x"]


def test_damage_of_any_kind_is_no_bug() -> None:
    chance = random.Random(1)
    seeds = [made(form) for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)]
    for _ in range(3000):
        archive = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 5)):
            at = chance.randrange(len(archive))
            archive[at] = chance.randrange(256)
            start = at // 512 * 512
            archive[start + 148 : start + 156] = b"        "
            archive[start + 148 : start + 156] = b"%06o\0 " % sum(archive[start : start + 512])
        with contextlib.suppress(tarfile.TarError):
            paths = names(bytes(archive[: chance.randrange(len(archive) * 2)]))
            assert not [path for path in paths if ".." in path.split("/") or path.startswith("/")]


def test_content_that_is_cut_off_is_said() -> None:
    archive = header(size=b"00000002000\0") + bytes(100)
    with pytest.raises(tarfile.TarError, match="unexpected end of data"):
        list(headers.read(io.BytesIO(archive), lambda path: True))
