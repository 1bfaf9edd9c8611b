"""Packages of any damage: they are refused in plain words, or all that they have stays inside of the image.

FUZZ_SECONDS=600 makes a long run of it, FUZZ_SEED another one.
"""

from __future__ import annotations

import io
import os
import random
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sdk_hooks.core.feeds import install, unpack
from sdk_hooks.core.feeds.install import Allowed
from sdk_hooks.core.feeds.store import Have
from sdk_hooks.core.files import headers
from sdk_hooks.core.files.fileset import Merged
from sdk_hooks.core.files.lower import Lower
from sdk_hooks.core.oci import tarstream
from sdk_hooks.core.registry import load
from sdk_hooks.errors import SdkError
from sdk_hooks.packages import PackageFormat

from .debmaker import ar, member, tar
from .rpmmaker import PACK, File, Tag, cpio, rpm

SECONDS = float(os.environ.get("FUZZ_SECONDS", "2"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
LEAST = 100
"""Packages of each kind, however slow the machine is."""
NAMES = ("a", "a/b", "etc", "etc/passwd", "../x", "/x", "./a/../../x", "", ".", "..", "a//b", "x\n", "\udcff", "é", "lib", "usr/lib/x", ".wh.a", "a" * 300)  # fmt: skip # noqa: E501
KINDS = b"0123456789xgLKSVZ\0"
CONTROL = b"Package: p\nVersion: 1\nArchitecture: all\nDepends: a | b (>= 1), c\nProvides: d (= 2)\n"
SCRIPTS = ("set -e\nadduser --system x\nif [ -d /etc ]; then ln -s ../../../.. /a; fi\n", "rm -rf / /a/../..\ncp -a / /x", "$(", "cat <<E\n`", "case x in", "mkdir -p ../../../x; echo x >../../../y")  # fmt: skip # noqa: E501

Random = random.Random


def _members(chance: Random) -> list[tuple[tarfile.TarInfo, bytes]]:
    made = []
    for _ in range(chance.randrange(1, 8)):
        content = b"x" * chance.choice((0, 1, 511, 512, 513))
        info, content = member(
            chance.choice(NAMES),
            content,
            bytes([chance.choice(KINDS)]),
            linkname=chance.choice(NAMES),
            mode=chance.randrange(1 << 15),
            uid=chance.choice((0, 1000, 1 << 31, -1)),
            mtime=chance.choice((0, 1, 1 << 40, -1)),
            uname=chance.choice(("root", "x", "0", "")),
        )
        if chance.random() < 0.2:
            info.pax_headers = {chance.choice(("path", "size", "SCHILY.xattr.security.capability", "linkpath")): chance.choice(("../x", "9" * 30, "\x01", "-1"))}  # fmt: skip # noqa: E501
        made.append((info, content))
    return made


def _tar(members: list[tuple[tarfile.TarInfo, bytes]], compression: str = "") -> bytes:
    try:
        return tar(members, compression)
    except (ValueError, UnicodeError, tarfile.TarError):  # tarfile does not write everything
        return tar([member("a", b"x")], "")


def _archive(chance: Random, members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    whole = _tar(members, chance.choice(("", "gz", "xz")))
    return _damaged(chance, whole) if chance.random() < 0.5 else whole


def _damaged(chance: Random, whole: bytes) -> bytes:
    data = bytearray(whole)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(data) or 1)
        match chance.randrange(4):
            case 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[at : at + chance.randrange(600)]
            case 2:
                data[at:at] = chance.choice((b"\0", b"9" * 12, b"\xff" * 8, bytes(512)))
            case 3:
                data[at : at + 12] = chance.choice(
                    (b"77777777777\0", b"-0000000001\0", b"\x80" + b"\xff" * 11)
                )
    return bytes(data)


def _deb(chance: Random) -> bytes:
    scripts = [member("postinst", chance.choice(SCRIPTS).encode())] if chance.random() < 0.5 else []
    control = _archive(chance, [member("./control", CONTROL), *scripts])
    parts = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": control,
        "data.tar.gz": _archive(chance, _members(chance)),
    }
    whole = ar(parts)
    return _damaged(chance, whole) if chance.random() < 0.2 else whole


def _old_ipk(chance: Random) -> bytes:
    """A tar archive of the same members, as ipk packages once were."""
    parts = [member("./control.tar.gz", tar([member("./control", CONTROL)])), member("./data.tar.gz", _archive(chance, _members(chance)))]  # fmt: skip # noqa: E501
    whole = tar(parts)
    return _damaged(chance, whole) if chance.random() < 0.3 else whole


def _rpm(chance: Random) -> bytes:
    """With right digests in spite of what is damaged, mostly."""
    files = [
        File(
            f"/{chance.choice(NAMES)}",
            b"x" * chance.choice((0, 1, 5)),
            chance.choice((0o100000, 0o100000, 0o120000, 0o040000, 0o060000, 0o140000, 0))
            | chance.randrange(1 << 12),
            chance.choice(NAMES),
            chance.choice(("root", "x")),
            flags=chance.choice((0, 0, 1, 64)),
            caps=chance.choice(("", "", "cap_chown=ep", "x")),
            inode=chance.choice((0, 0, 7)),
        )
        for _ in range(chance.randrange(1, 6))
    ]
    kept = [file for file in files if not file.flags & 64]
    archive = cpio(kept, stripped=chance.random() < 0.3)
    archive = _damaged(chance, archive) if chance.random() < 0.4 else archive
    odd: tuple[Tag, ...] = (
        (1030, 3, [0o100755]),
        (1116, 4, [9]),
        (1028, 4, [1 << 31]),
        (1118, 8, ["/../"]),
        (1000, 7, b"x"),
    )
    with tempfile.TemporaryDirectory() as directory:
        tags = [chance.choice(odd)] if chance.random() < 0.1 else []
        scripts = {"post": chance.choice(SCRIPTS)} if chance.random() < 0.3 else {}
        payload = PACK[chance.choice(("gzip", "xz", "none"))](archive)
        whole = rpm(Path(directory), "p", *files, tags=tags, scripts=scripts, payload=payload).read_bytes()
    return _damaged(chance, whole) if chance.random() < 0.2 else whole


MAKERS: dict[str, Callable[[Random], bytes]] = {"deb": _deb, "ipk": _old_ipk, "rpm": _rpm}


@pytest.mark.parametrize("kind", MAKERS)
def test_nothing_leads_out_of_the_image(kind: str, tmp_path: Path) -> None:
    form = load().package_formats()[kind]
    end, number, good = time.monotonic() + SECONDS / len(MAKERS), 0, 0
    while number < LEAST or time.monotonic() < end:
        number += 1
        chance = random.Random(f"{SEED} {kind} {number}")
        place = tmp_path / "packages" / f"sha256-{number:064x}"
        file = tmp_path / f"p{form.suffix}"
        file.write_bytes(MAKERS[kind](chance))
        try:
            good += _tried(form, file, place)
        except SdkError as error:
            assert error.code in ("bad-package", "bad-feed", "refused", "script", "file-conflict"), number
        except Exception as error:
            raise AssertionError(f"FUZZ_SEED={SEED}, number {number}") from error
        assert sorted(each.name for each in tmp_path.iterdir()) in (
            [file.name],
            sorted([file.name, "packages"]),
        ), number
        if number % 100 == 0:
            _empty(tmp_path / "packages")
    assert good > number / 50


def test_layers_of_a_base_image_are_read_or_refused(tmp_path: Path) -> None:
    """Names and what is in the files, as scripts of packages ask for it."""
    end, number, good = time.monotonic() + SECONDS / 4, 0, 0
    layer = tmp_path / "layer"
    while number < LEAST or time.monotonic() < end:
        number += 1
        chance = random.Random(f"{SEED} layer {number}")
        plain = _tar(_members(chance)) if chance.random() < 0.9 else b""
        layer.write_bytes(_damaged(chance, plain) if chance.random() < 0.6 else plain)
        try:
            with layer.open("rb") as stream:
                entries = list(headers.read(stream, lambda _: False))
        except tarfile.TarError:
            continue
        good += 1
        lower = Lower([layer])
        for entry in entries:
            assert ".." not in entry.path.split("/"), number
            try:
                assert len(lower.whole(entry.path).data) == lower.whole(entry.path).size, number
            except SdkError as error:
                assert error.code == "bad-base", number
    assert good > number / 50


def _tried(form: PackageFormat, file: Path, place: Path) -> bool:
    """Through all that a package goes through, to the layer."""
    unpack.unpack(form, file, place)
    found = unpack.read(place)
    assert found is not None
    assert {each.name for each in place.parent.iterdir()} >= {place.name}
    assert not [each for each in place.parent.iterdir() if each.name.startswith(".new-")]
    try:
        package = form.package(found.record)
    except ValueError:
        return False
    merged = Merged()
    for group in install.install([Have(package, found)], [], Allowed(setuid=("/*", "/**")), None, form):
        entries = merged.place(group)
        layer = b"".join(tarstream.stream(entries, 1))
        with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
            for each in archive:
                assert ".." not in each.name.split("/")
                assert not each.name.startswith("/")
    return True


def _empty(directory: Path) -> None:
    import shutil

    shutil.rmtree(directory)
    directory.mkdir()
