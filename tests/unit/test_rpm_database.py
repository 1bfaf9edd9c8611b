"""rpm's database of an image: where it is, what is in it, that of a base image, and always the same bytes."""

# ruff: noqa: E501  messages are read best in one line

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest

from devtool_plugins.__main__ import main
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.rpm import sqlite, stored
from sdk_hooks.image import Image

from .helpers import content, flat, members
from .rpmmaker import File, rpm
from .test_package_database import build

PLACE = "var/lib/rpm/rpmdb.sqlite"
FEDORAS = "usr/lib/sysimage/rpm/rpmdb.sqlite"
PREFIXES = (1098, 8, ["/usr"])


def _building(feed: Path, out: Path) -> list[str]:
    return ["-q", "container-build", "app", "--install", "app", "--feed", str(feed), "-o", str(out)]


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    place = tmp_path / "feed"
    rpm(place, "lib", File("/usr/lib/lib.so", b"lib"), provides=["virtual = 2"])
    rpm(place, "app", File("/usr/bin/app", b"x", 0o100755), File("/usr/share/doc/app", b"read me"), epoch=2,
        requires=["lib", "rpmlib(FileDigests) <= 4.6.0-1", "(lib if other)"], tags=[PREFIXES])  # fmt: skip
    return place


def opened(raw: bytes, directory: Path) -> closing[sqlite3.Connection]:
    path = directory / "read.sqlite"
    path.write_bytes(raw)
    return closing(sqlite3.connect(path))


def names(image: Image, path: str = PLACE) -> list[str]:
    found = sqlite.read({sqlite.NAME: content(image, path)})
    return [stored.read(blob).text(1000) for blob in found.stored.values()]


def test_what_rpm_has_of_each_package(feed: Path, tmp_path: Path) -> None:
    image = build(feed, "--package-database", "--exclude", "/usr/share/doc/**")
    with opened(content(image, PLACE), tmp_path) as connection:

        def keys(table: str) -> list[object]:
            return connection.execute(f"SELECT * FROM '{table}' ORDER BY rowid").fetchall()

        assert keys("Name") == [("lib", 1, 0), ("app", 2, 0)]
        assert keys("Basenames") == [("lib.so", 1, 0), ("app", 2, 0), ("app", 2, 1)]
        assert keys("Group") == [("Unspecified", 1, 0), ("Unspecified", 2, 0)]
        assert keys("Requirename") == [
            ("lib", 2, 0),
            ("(lib if other)", 2, 2),
            ("lib", 2, 2),
            ("!other", 2, 2),
        ]
        assert keys("Providename") == [("lib", 1, 0), ("virtual", 1, 1), ("app", 2, 0)]
        assert keys("Installtid") == [(struct.pack("<I", 1302044400), number, 0) for number in (1, 2)]
        assert keys("sqlite_sequence") == [("Packages", 2)]
        app = stored.read(dict(connection.execute("SELECT * FROM Packages"))[2])
        assert app.numbers(stored.FILESTATES) == (stored.NORMAL, stored.NOT_INSTALLED)
        assert app.numbers(stored.INSTALLTIME) == app.numbers(stored.INSTALLTID) == (1302044400,)
        assert app.texts(stored.INSTPREFIXES) == ["/usr"]
        assert (len(app.text(269)), len(app.text(273))) == (40, 64)
        assert flat(image)[PLACE].mode == 0o644


def test_it_is_the_same_every_time_and_says_nothing_of_sqlite(
    feed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = content(build(feed, "--package-database"), PLACE)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert content(build(feed, "--package-database"), PLACE) == raw

    assert struct.unpack_from(">16sHBB", raw) == (b"SQLite format 3\0", 4096, 1, 1)  # pages; no journal
    assert [struct.unpack_from(">I", raw, at)[0] for at in (24, 92, 96)] == [1, 1, 3_007_000]
    with opened(raw, tmp_path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_files_are_no_younger_than_the_image_has_them(feed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "900000000")
    found = sqlite.read({sqlite.NAME: content(build(feed, "--package-database"), PLACE)})

    assert stored.read(found.stored[2]).numbers(1034) == (900000000, 900000000)


def test_numbers_are_those_of_the_machine(feed: Path, tmp_path: Path) -> None:
    image = build(feed, "--package-database", "--platform", "linux/s390x")

    with opened(content(image, PLACE), tmp_path) as connection:
        [[key], _] = connection.execute("SELECT key FROM Installtid").fetchall()
    assert key == struct.pack(">I", 1302044400)


@pytest.mark.parametrize(("macros", "place"), [
    ("%_dbpath %{_usr}/lib/sysimage/rpm\n", FEDORAS),
    ("%_dbpath\t\t%{_var}/lib/rpm\n%_dbpath_rebuild %{_dbpath}\n", PLACE),
    ("%_dbpath /usr/../opt/rpm\n", "opt/rpm/rpmdb.sqlite"),
    ("%_dbpath %(bash -c 'echo ~/.rpmdb')\n", PLACE),
    ("#%_dbpath /x\n%_dbpath %{nobody}/x\n", PLACE),
])  # fmt: skip
def test_it_is_where_the_rpm_of_the_image_looks_for_it(feed: Path, macros: str, place: str) -> None:
    rpm(feed, "rpm", File("/usr/lib/rpm/macros", macros.encode()))
    image = build(feed, "--package-database", "--install", "rpm")

    assert sorted(names(image, place)) == ["app", "lib", "rpm"]


@pytest.mark.parametrize(("vendor", "place"), [
    ("Fedora Project", FEDORAS), ("openSUSE", FEDORAS), ("SUSE LLC <https://www.suse.com/>", FEDORAS), ("Somebody", PLACE),
])  # fmt: skip
def test_without_rpm_it_is_where_the_distribution_has_it(tmp_path: Path, vendor: str, place: str) -> None:
    rpm(tmp_path / "feed", "app", File("/usr/bin/app", b"x", 0o100755), tags=[(1011, 6, vendor)])

    assert names(build(tmp_path / "feed", "--package-database"), place) == ["app"]


def base(feed: Path, *words: str) -> Image:
    return build(feed, *words, "--entrypoint", "/usr/lib/lib.so", name="lib")


def test_what_comes_on_top_of_a_base_is_added(feed: Path) -> None:
    below = base(feed, "--package-database")
    image = build(feed, "--package-database", "--base", str(below.layout))

    assert names(image) == ["lib", "app"]
    assert image.diff_ids[: len(below.diff_ids)] == below.diff_ids


def tree(directory: Path, *words: str) -> Image:
    """An image of the files in *directory*."""
    out = directory.parent / "bases"
    argv = [
        "-q",
        "container-build",
        "base",
        "--from",
        str(directory),
        "-o",
        str(out),
        "--platform",
        "linux/amd64",
    ]
    assert main([*argv, "--entrypoint", "/usr/bin/true", *words]) == 0
    return Layout(out / "base-latest-oci").image()


def files(directory: Path, **content: bytes) -> Path:
    for name, data in {"usr/bin/true": b"x", **content}.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o755)
    return directory


def test_what_a_journal_of_the_base_has_is_there_and_no_journal_any_more(feed: Path, tmp_path: Path) -> None:
    """As rpm leaves it that was stopped: what it wrote last is only in the journal."""
    found = sqlite.read({sqlite.NAME: content(base(feed, "--package-database"), PLACE)})
    directory = tmp_path / "writing"
    directory.mkdir()
    connection = sqlite3.connect(directory / "rpmdb.sqlite")
    connection.executescript(
        "PRAGMA journal_mode = WAL;"
        "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)"
    )
    connection.execute("INSERT INTO Packages VALUES (41, ?)", (found.stored[1],))
    connection.commit()
    raw = {f"usr/lib/sysimage/rpm/{path.name}": path.read_bytes() for path in directory.iterdir()}
    connection.close()
    assert sorted(path.rpartition(".")[2] for path in raw) == ["sqlite", "sqlite-shm", "sqlite-wal"]
    below = tree(files(tmp_path / "tree", **raw))
    image = build(feed, "--package-database", "--base", str(below.layout))

    top = [path for layer in members(image)[len(below.layers) :] for path in layer if "rpmdb" in path]
    hidden = [f"usr/lib/sysimage/rpm/.wh.rpmdb.sqlite-{each}" for each in ("shm", "wal")]
    assert sorted(top) == [*hidden, FEDORAS]
    assert names(image, FEDORAS) == ["lib", "app"]  # that lib is in the place of the other
    assert list(sqlite.read({sqlite.NAME: content(image, FEDORAS)}).stored) == [42, 43]


@pytest.mark.parametrize(("name", "kind"), [("Packages.db", "ndb"), ("Packages", "Berkeley DB")])
def test_a_base_with_a_database_of_another_kind_is_refused(
    feed: Path, tmp_path: Path, name: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    below = tree(files(tmp_path / "tree", **{f"var/lib/rpm/{name}": b"\0"}))
    argv = _building(feed, tmp_path / "out")
    words = [*argv, "--base", str(below.layout), "--platform", "linux/amd64"]

    assert main([*words, "--package-database"]) == 1
    assert capsys.readouterr().err == (
        f"error: the base image has an rpm database of {kind}, which can't be added to [other-package-database]\n"
        f"  it is '/var/lib/rpm/{name}'\n"
        "  hint: let its own rpm convert it: rpmdb --rebuilddb --define '_db_backend sqlite'; or leave out --package-database\n"
    )
    assert not (tmp_path / "out/app-latest-oci/index.json").exists()
    assert main(words) == 0


@pytest.mark.parametrize(("raw", "why"), [
    (b"no database" * 99, "file is not a database"),
    (b"", None),
    ("blob", "a header is damaged"),
    ("cut", "a header is cut off"),
    ("tables", "no such table: Packages"),
])  # fmt: skip
def test_a_damaged_database_of_a_base_is_refused(
    feed: Path, tmp_path: Path, raw: bytes | str, why: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if isinstance(raw, str):
        connection = sqlite3.connect(tmp_path / "made")
        table = "Other" if raw == "tables" else "Packages"
        connection.execute(f"CREATE TABLE {table} (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB)")
        connection.execute(f"INSERT INTO {table} VALUES (1, ?)", (b"\0" * (9 if raw == "blob" else 3),))
        connection.commit()
        connection.close()
        raw = (tmp_path / "made").read_bytes()
    below = tree(files(tmp_path / "tree", **{PLACE: raw}))
    argv = _building(feed, tmp_path / "out")
    done = main([*argv, "--base", str(below.layout), "--platform", "linux/amd64", "--package-database"])

    assert done == (0 if why is None else 1)
    if why:
        assert capsys.readouterr().err == (
            f"error: the rpm database '/{PLACE}' of the base image is damaged [damaged-package-database]\n"
            f"  {why}\n  hint: take another base image, or leave out --package-database\n"
        )
