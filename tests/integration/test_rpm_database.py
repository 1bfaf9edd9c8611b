"""rpm's database of an image, and what rpm itself makes of the same packages, and does with it."""

# ruff: noqa: E501  tables and command lines are read best in one line

from __future__ import annotations

import json
import os
import sqlite3
import struct
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from unit.helpers import root_only, unpack
from unit.rpmmaker import File, dependency, rpm

from devtool_plugins.__main__ import main
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.rpm import rows, stored
from sdk_hooks.image import Image

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not Path("/usr/bin/rpm").exists(), reason="rpm is not installed: apt-get install rpm"),
    root_only,
]
PLACE = "var/lib/rpm"
NAMES = ("lib", "app")
VERIFIED = 0xFFFFFFFF
"""All that there is of a file."""
SUGGESTS = ["(tool unless other else third)", "more >= 2"]


def weak(names: int, versions: int, flags: int, wanted: list[str]) -> list[tuple[int, int, object]]:
    found = zip(*map(dependency, wanted), strict=True)
    return [
        (tag, kind, list(each))
        for (tag, kind), each in zip(((names, 8), (flags, 4), (versions, 8)), found, strict=True)
    ]


def make(place: Path, version: str = "1.0") -> Path:
    """Two packages that have one of everything that the database is about."""
    lib = [File("/usr/lib", mode=0o040755), File("/usr/lib/lib.so", b"lib"), File("/usr/lib/lib.so.1", mode=0o120777, link="lib.so"),
           File("/etc/lib.conf", b"a=1\n", flags=17), File("/run/lib.pid", flags=64), File("/usr/lib/a", b"one", inode=7),
           File("/usr/lib/b", b"one", inode=7)]  # fmt: skip
    rpm(
        place,
        "lib",
        *lib,
        tags=[(1006, 4, [10**9]), (1045, 4, [VERIFIED] * len(lib))],
        provides=["virtual = 2", "libx.so()(64bit)"],
        conflicts=["(a and b)", "old < 2"],
        obsoletes=["older"],
    )
    app = [
        File("/usr/bin/app", version.encode(), 0o100755),
        File("/usr/share/doc/app/README", b"read me", flags=2),
    ]
    tags = [*weak(5049, 5050, 5051, SUGGESTS), *weak(5055, 5056, 5057, ["x"]), *weak(5052, 5053, 5054, ["(lib without y)"]),
            (1098, 8, ["/usr"]), (1006, 4, [10**9]), (1045, 4, [VERIFIED] * 2), (1065, 8, ["true", "false"]), (1066, 8, ["lib", "z", "lib"]), (1067, 8, ["", "1", ""]),
            (1068, 4, [1 << 16, 1 << 17 | 8, 1 << 17]), (1069, 4, [0, 1, 1]), (1092, 8, ["/bin/sh", "/bin/sh"]),
            (5066, 8, ["true"]), (5067, 8, ["/bin/sh"]), (5069, 8, ["/usr/lib", "/usr/share"]), (5070, 4, [0, 0]),
            (5071, 8, ["", ""]), (5072, 4, [1 << 16] * 2)]  # fmt: skip
    rpm(place, "app", *app, version=version, epoch=3, tags=tags, recommends=["(lib if more)"],
        requires=["lib >= 1.0", "(lib or nothing)", "rpmlib(PayloadFilesHavePrefix) <= 4.0-1", "virtual"])  # fmt: skip
    return place


def build(feed: Path, *words: str, name: str = "app") -> Image:
    out = feed.parent / "out"
    argv = ["-q", "container-build", name, "--install", name, "--feed", str(feed), "-o", str(out)]
    program = ("--entrypoint", "/usr/bin/app") if name == "app" else ("--entrypoint", "/usr/lib/lib.so")
    assert main([*argv, *program, "--platform", "linux/amd64", "--package-database", *words]) == 0
    return Layout(out / f"{name}-latest-oci").image()


def run(*argv: str) -> str:
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Rpm:
    """The real one, for a root file system."""

    def __init__(self, root: Path) -> None:
        self.where = ("--root", str(root), "--dbpath", f"/{PLACE}")
        self.file = root / PLACE / "rpmdb.sqlite"

    def __call__(self, *words: str) -> str:
        return run("rpm", "--force-debian", *self.where, *words)

    def lines(self, *words: str) -> list[str]:
        return sorted(self(*words).splitlines())

    def tables(self) -> dict[str, list[tuple[object, ...]]]:
        """What is in them, but for the times and numbers of transactions."""
        with closing(sqlite3.connect(self.file)) as connection:
            found = {t.name: connection.execute(f"SELECT * FROM '{t.name}'").fetchall() for t in rows.TABLES if t.name != "Installtid"}  # fmt: skip
            found["Packages"] = [
                (number, timeless(raw)) for number, raw in connection.execute("SELECT * FROM Packages")
            ]
            found["schema"] = connection.execute(
                "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name != 'sqlite_stat1'"
            ).fetchall()
        return {name: sorted(each, key=repr) for name, each in found.items()}


def timeless(raw: bytes) -> bytes:
    """A stored header without when, and by which kind of rpm, it was installed."""
    changed, (count, _) = bytearray(raw), struct.unpack_from(">II", raw)
    for number in range(count):
        tag, kind, at, _ = struct.unpack_from(">IIII", raw, 8 + 16 * number)
        if tag in (stored.INSTALLTIME, stored.INSTALLTID, stored.INSTALLCOLOR):
            assert kind == 4
            struct.pack_into(">I", changed, 8 + 16 * count + at, 0)
    return bytes(changed)


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return make(tmp_path / "feed")


def test_every_byte_is_what_rpm_writes(feed: Path, tmp_path: Path) -> None:
    theirs = Rpm(tmp_path / "theirs")
    theirs.file.parent.mkdir(parents=True)
    for name in NAMES:
        [path] = feed.glob(f"{name}-*.rpm")
        theirs(
            "-i", "--nodeps", "--notriggers", "--nosignature", "--excludepath", "/usr/share/doc", str(path)
        )
    root = unpack(build(feed, "--exclude", "/usr/share/doc/**"), tmp_path / "ours")

    ours, expected = Rpm(root).tables(), theirs.tables()
    for table in expected:
        assert ours[table] == expected[table], table
    assert [len(ours[name]) for name in ("Packages", "Suggestname", "Triggername", "Filetriggername")] == [
        2,
        6,
        2,
        2,
    ]


def test_rpm_finds_everything_in_order(feed: Path, tmp_path: Path) -> None:
    image = build(feed)
    root = unpack(image, tmp_path / "root")
    ours = Rpm(root)
    before = ours.tables()

    assert ours.lines("-qa") == ["app-1.0-1.noarch", "lib-1.0-1.noarch"]
    assert "Install Date: Tue Apr  5 23:00:00 2011" in ours("-qi", "app")
    assert "License     : MIT" in ours("-qi", "app")
    assert ours.lines("-ql", "app") == ["/usr/bin/app", "/usr/share/doc/app/README"]
    assert ours("-qf", "/usr/lib/lib.so") == ours("-qf", "/run/lib.pid") == "lib-1.0-1.noarch\n"
    assert (
        ours("-q", "--whatrequires", "virtual")
        == ours("-q", "--whatsuggests", "tool")
        == "app-1.0-1.noarch\n"
    )
    assert ours("-q", "--whatprovides", "libx.so()(64bit)") == "lib-1.0-1.noarch\n"
    assert ours("-qc", "lib") == "/etc/lib.conf\n"
    assert ours("-V", "app", "lib") == ""
    (root / "usr/bin/app").write_bytes(b"changed")
    assert "/usr/bin/app" in subprocess.run(("rpm", "--force-debian", *ours.where, "-V", "app"), capture_output=True, text=True, check=False).stdout  # fmt: skip
    run("rpmdb", *ours.where, "--verifydb")
    run("rpmdb", *ours.where, "--rebuilddb")
    assert ours.tables() == before


def test_rpm_goes_on_from_there(feed: Path, tmp_path: Path) -> None:
    ours = Rpm(unpack(build(feed), tmp_path / "root"))
    [newer] = make(tmp_path / "newer", "2.0").glob("app-*.rpm")

    ours("-U", "--nosignature", "--notriggers", str(newer))
    assert ours.lines("-qa") == ["app-2.0-1.noarch", "lib-1.0-1.noarch"]
    assert (tmp_path / "root/usr/bin/app").read_bytes() == b"2.0"
    ours("-e", "app", "lib")
    assert ours("-qa") == ""
    assert not (tmp_path / "root/usr/lib/lib.so").exists()
    assert all(not each for name, each in ours.tables().items() if name != "schema")
    run("rpmdb", *ours.where, "--verifydb")


def test_what_rpm_wrote_into_a_base_is_there_beside_what_is_added(feed: Path, tmp_path: Path) -> None:
    below = tmp_path / "below"
    (below / PLACE).mkdir(parents=True)
    [lib] = feed.glob("lib-*.rpm")
    Rpm(below)("-i", "--nodeps", "--nosignature", str(lib))
    (below / "usr/lib/lib.so").chmod(0o755)
    argv = [
        "-q",
        "container-build",
        "base",
        "--from",
        str(below),
        "-o",
        str(tmp_path),
        "--platform",
        "linux/amd64",
    ]
    assert main([*argv, "--entrypoint", "/usr/lib/lib.so"]) == 0
    base = without_record(tmp_path / "base-latest-oci", tmp_path / "base")

    ours = Rpm(unpack(build(feed, "--base", str(base)), tmp_path / "root"))
    assert ours.lines("-qa", "--qf", "%{DBINSTANCE} %{NAME}\n") == ["1 lib", "2 app"]
    assert ours("-V", "app") == ""
    run("rpmdb", *ours.where, "--verifydb")


def without_record(layout: Path, directory: Path) -> Path:
    """A copy of an image as another machine has it, where nothing but its database tells of its packages."""
    run("skopeo", "copy", "-q", f"oci:{layout}", f"oci:{directory}:x")
    return directory


def test_inspect_knows_the_packages_by_it(
    feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = without_record(build(feed).layout, tmp_path / "copied")
    capsys.readouterr()

    assert main(["container-inspect", str(copied), "--format", "json"]) == 0
    told = capsys.readouterr()
    packages = {each["name"]: each for each in json.loads(told.out)["packages"]}
    assert {name: each["version"] for name, each in packages.items()} == {"app": "3:1.0-1", "lib": "1.0-1"}
    assert told.err == ""
