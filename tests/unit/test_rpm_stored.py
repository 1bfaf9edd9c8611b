"""What rpm's database has of headers of all kinds, and the file that it is made of."""

# ruff: noqa: E501  messages are read best in one line

from __future__ import annotations

import hashlib
import random
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from sdk_hooks.core.rpm import pages, rows, sqlite, stored
from sdk_hooks.core.rpm.header import Header

from .helpers import fails
from .rpmmaker import header


def test_a_package_of_rpm_3_is_refused() -> None:
    old = Header(header([(1000, 6, "old"), (1001, 6, "1")], 61))

    with pytest.raises(
        ValueError, match=r"^its header has no region that signatures are of, as those of rpm 3$"
    ):
        stored.blob(old, old, stored.Installed(b"", 0))


def test_signatures_of_rpm_6_and_odd_ones_are_left_out() -> None:
    main_header = header([(1000, 6, "new"), (5114, 4, [6])], 63)
    told = header([(1000, 4, [9]), (269, 7, b"no text"), (273, 6, "ab"), (278, 8, ["sig"])], 62)

    found = stored.read(stored.blob(Header(main_header), Header(told), stored.Installed(b"", 7)))
    assert (257 in found, 269 in found, found.text(273), found.texts(278)) == (False, False, "ab", ["sig"])
    assert (
        stored.read(stored.blob(Header(main_header), Header(told), stored.Installed(b"", 7)))
        .raw[16:]
        .startswith(main_header[16:32])
    )


def test_triggers_and_names_that_are_no_text(tmp_path: Path) -> None:
    odd = b"caf\xe9".decode(errors="surrogateescape")
    tags = [(1066, 8, ["a", "b", "a"]), (5069, 8, ["/x", "/y"]), (5070, 4, [3, 5]), (1117, 8, [odd])]
    found = Header(header(tags, 63))  # type: ignore[arg-type]  # lists are sequences
    by_name = {table.name: table for table in rows.TABLES}

    def keys(name: str) -> list[rows.Key]:
        return list(rows.keys(by_name[name], found, big_endian=False))

    assert keys("Triggername") == [(b"a", 0), (b"b", 1)]
    assert keys("Filetriggername") == [(b"/x", 3), (b"/y", 5)]
    assert keys("Basenames") == [(b"caf\xe9", 0)]
    assert keys("Group") == [(b"Unknown", 0)]
    assert keys("Sigmd5") == keys("Installtid") == []


def test_a_python_without_sqlite_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlite3", None)

    with fails(
        "rpm's database can't be read or written: this Python has no sqlite3 [missing-module]\n"
        "  hint: run it with another Python, or leave out --package-database"
    ):
        sqlite.written(sqlite.Packages({}, 0), big_endian=False)


def test_it_is_the_same_of_any_version_of_sqlite(tmp_path: Path) -> None:
    """Many pages, a digest that 3.40 and 3.51 agree on; and nothing in it is left of what was there before."""
    chance, blobs = random.Random(1), []
    for number in range(60):
        files = [f"f{chance.randrange(9999)}" for _ in range(chance.randrange(1, 300))]
        tags = [(1000, 6, f"p{number}"), (1117, 8, files), (1118, 8, ["/usr/"]), (1116, 4, [0] * len(files))]
        own = Header(header(tags, 63))  # type: ignore[arg-type]  # lists are sequences
        blobs.append(stored.blob(own, own, stored.Installed(bytes(len(files)), 7)))
    raw = sqlite.written(sqlite.added(sqlite.Packages({}, 0), blobs), big_endian=False)
    (tmp_path / "made").write_bytes(raw)

    assert (
        hashlib.sha256(raw).hexdigest() == "9a26d02b2ee4137a159ad257bf5a2fea2da9613ffa975db501625cdeae4491ff"
    )
    with closing(sqlite3.connect(tmp_path / "made")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        [root] = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'Enhancename'"
        ).fetchone()
    dirty = bytearray(raw)
    dirty[(root - 1) * 4096 + 8 : root * 4096] = b"x" * 4088
    assert pages.cleared(bytes(dirty), 4096, [root]) == raw
