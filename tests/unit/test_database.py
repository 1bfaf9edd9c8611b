"""database.py: packages as dpkg, opkg and apk keep them in an image."""

from __future__ import annotations

import shutil
import sys

import pytest

from sdk_hooks.core.bom import database
from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.bom.visible import stacked
from sdk_hooks.core.files.fileset import SYMLINK, Entry
from sdk_hooks.core.rpm import sqlite, stored
from sdk_hooks.core.rpm.header import Header

from .helpers import file
from .inspectmaker import SYSTEM
from .rpmmaker import Tag, header


def read(*entries: Entry) -> tuple[dict[str, Component], list[str]]:
    """Components by name, and what was told."""
    told: list[str] = []
    found = database.components(stacked([entries]).entries, told.append)
    assert all(
        database.wanted(e.path) for e in entries if e.data and e.path.startswith(("var", "usr/lib/opkg"))
    )
    return {each.name: each for each in found}, told


def test_dpkg() -> None:
    found, told = read(*SYSTEM)

    assert told == []
    assert list(found) == ["web", "libfoo1", "libc6", "dash"]
    assert found["web"] == Component(
        "web",
        "1.2-1",
        "amd64",
        "deb",
        "web",
        license="GPL-2+ and Expat",
        homepage="https://web.example/",
        summary="serves pages",
        asked=True,
        needs=("dash", "libfoo1"),
        files=("etc/web.conf", "usr/bin/web", "usr/bin/webd", "usr/share/doc/web/copyright"),
    )
    assert found["libfoo1"].source == "foo"
    assert found["libfoo1"].files == ("usr/lib/libfoo.so.1",)
    assert found["libc6"].files == ("usr/lib/libc.so.6",)
    assert [each.asked for each in found.values()] == [True, False, False, False]


def test_without_apt_nobody_knows_what_was_asked_for() -> None:
    found, _ = read(*(entry for entry in SYSTEM if entry.path != "var/lib/apt/extended_states"))

    assert not any(each.asked for each in found.values())


def test_packages_that_were_unpacked_without_dpkg() -> None:
    status = b"Package: base\nVersion: 12\nArchitecture: all\n"
    sums = b"0123  etc/os-release\n4567  usr/share/gone\n"
    top = "var/lib/dpkg/status.d/base"
    found, _ = read(file(top, status), file(f"{top}.md5sums", sums), file("etc/os-release", b"x"))

    assert found["base"].files == ("etc/os-release",)
    assert (found["base"].version, found["base"].kind) == ("12", "deb")


@pytest.mark.parametrize("top", ["var/lib/opkg", "usr/lib/opkg"])
def test_opkg(top: str) -> None:
    status = (
        b"Package: web\nVersion: 1.0-r0\nDepends: libfoo1 (>= 1)\nStatus: install user installed\n"
        b"Architecture: core2-64\nInstalled-Time: 1\n\n"
        b"Package: libfoo1\nVersion: 2\nStatus: install ok installed\nArchitecture: core2-64\n"
        b"Auto-Installed: yes\n"
    )
    found, _ = read(
        file(f"{top}/status", status),
        file(f"{top}/info/web.list", b"/usr/bin/web\t0100755\n/etc/l\t0120777\tweb\n"),
        file("usr/bin/web", b"x"),
        Entry("etc/l", SYMLINK, 0o777, link="web"),
    )

    assert found["web"].files == ("etc/l", "usr/bin/web")
    assert [(each.kind, each.asked, each.needs) for each in found.values()] == [
        ("ipk", True, ("libfoo1",)),
        ("ipk", False, ()),
    ]


@pytest.mark.parametrize("top", ["lib/apk/db", "usr/lib/apk/db"])
def test_apk(top: str) -> None:
    installed = (
        b"C:Q1=\nP:web\nV:1.0-r1\nA:x86_64\nS:100\nI:200\nT:serves\nU:https://w.example\nL:MIT\no:web-src\n"
        b"D:so:libfoo.so.1 musl>=1.2 /bin/sh !bad\nF:usr\nF:usr/bin\nR:web\na:0:0:755\nZ:Q1=\n\n"
        b"P:foo\nV:2\nA:x86_64\np:so:libfoo.so.1=1.0 cmd:foo=2\nF:usr/lib\nR:libfoo.so.1\n\n"
        b"P:musl\nV:1.2.4\nA:x86_64\n"
    )
    found, _ = read(
        file(f"{top}/installed", installed),
        file("etc/apk/world", b"web>1\nother@edge\n"),
        file("usr/bin/web", b"x"),
        file("usr/lib/libfoo.so.1", b"x"),
    )

    assert found["web"] == Component(
        "web",
        "1.0-r1",
        "x86_64",
        "apk",
        "web-src",
        license="MIT",
        homepage="https://w.example",
        summary="serves",
        asked=True,
        needs=("foo", "musl"),
        files=("usr/bin/web",),
    )
    assert (found["foo"].asked, found["foo"].files) == (False, ("usr/lib/libfoo.so.1",))


def test_a_damaged_database_is_told_and_the_others_are_read() -> None:
    broken = b"Package: x\nStatus: install ok installed\n"
    apk = b"P:web\nV:1\n"
    found, told = read(file("var/lib/dpkg/status", broken), file("lib/apk/db/installed", apk))

    assert list(found) == ["web"]
    assert told == ["a package database of the image is damaged: it has no field 'Version'"]


def test_without_rpm_its_database_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    found, told = read(file("usr/lib/sysimage/rpm/Packages.db", b"ndb"))

    assert (found, told) == (
        {},
        ["the packages of the image's rpm database are not known: install rpm"],
    )


def rpms(*tags: Tag) -> bytes:
    own = Header(header([(1001, 6, "2"), (1002, 6, "3"), *tags], 63))
    blob = stored.blob(own, Header(header([], 62)), stored.Installed(b"", 0))
    return sqlite.written(sqlite.Packages({1: blob}, 1), big_endian=False)


def test_rpms_of_sqlite_are_read_without_rpm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    raw = rpms((1000, 6, "web"), (1003, 4, [1]), (1004, 9, ["serves"]), (1014, 6, "MIT"), (1020, 6, "https://w.example"),
               (1022, 6, "noarch"), (1044, 6, "web-src-2-3.src.rpm"))  # fmt: skip
    found, told = read(file("usr/lib/sysimage/rpm/rpmdb.sqlite", raw))

    [web] = found.values()
    assert (web.name, web.version, web.architecture, web.source) == ("web", "1:2-3", "noarch", "web-src")
    assert (web.license, web.homepage, web.summary, told) == ("MIT", "https://w.example", "serves", [])
    assert read(file("var/lib/rpm/rpmdb.sqlite", rpms((1000, 6, "gpg-pubkey")))) == ({}, [])


@pytest.mark.parametrize(("raw", "why"), [
    (b"SQLite", "the rpm database of the image is damaged: file is not a database"),
    (rpms((1000, 6, "web"), (1020, 4, [1])),
     "the rpm database of the image is damaged: its header has a damaged tag 1020"),
])  # fmt: skip
def test_damaged_ones_are_told(raw: bytes, why: str) -> None:
    assert read(file("var/lib/rpm/rpmdb.sqlite", raw)) == ({}, [why])


def test_without_sqlite_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlite3", None)

    why = "rpm's database can't be read or written: this Python has no sqlite3"
    assert read(file("var/lib/rpm/rpmdb.sqlite", b"SQLite")) == ({}, [why])


def test_files_that_are_not_asked_for_are_not_kept() -> None:
    wanted = ["var/lib/dpkg/status", "usr/share/doc/web/copyright", "etc/apk/world", "var/lib/rpm/Packages"]
    unwanted = [
        "var/lib/dpkg/status-old",
        "usr/share/doc/web/README",
        "var/lib/dpkg/info/web.postinst",
        "status",
    ]

    assert [path for path in (*wanted, *unwanted) if database.wanted(path)] == wanted
