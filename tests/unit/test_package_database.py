"""The package manager's database of an image: what dpkg and opkg read of it."""

# ruff: noqa: E501  tables and shell text are read best in one line

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from devtool_plugins.__main__ import main
from sdk_hooks.core.feeds import database
from sdk_hooks.core.feeds.paths import Paths
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.scripts.root import Root
from sdk_hooks.image import Image
from sdk_hooks.target import Platform

from .debmaker import deb, member
from .helpers import content, fails, flat, unpack

needs_dpkg = pytest.mark.skipif(
    shutil.which("dpkg") is None, reason="dpkg is not installed: apt-get install dpkg"
)
SUMS = "d41d8cd98f00b204e9800998ecf8427e  usr/share/man/man1/app.1\n9dd4e461268c8034f5c8564e155c67a6  usr/bin/app\n"


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    place = tmp_path / "feed"
    deb(place, "lib", member("./usr/lib/lib.so", b"lib"), control="Multi-Arch: same\n", architecture="amd64",
        scripts={"triggers": "interest-noawait /usr/lib\ninterest update-lib\nactivate-noawait ldconfig\n"})  # fmt: skip
    deb(place, "app", member("./usr/bin/app", b"x", mode=0o755), member("./etc/app.conf", b"a=1\n"), member("./usr/share/man/man1/app.1"),
        control="Depends: lib\nDescription: an application\n of two lines\n",
        scripts={"conffiles": "/etc/app.conf\n", "md5sums": SUMS, "prerm": "#!/bin/sh\n",
                 "preinst": "#!/bin/sh\ndpkg-divert --package app --divert /usr/bin/other.real --rename /usr/bin/other\n",
                 "postinst": "#!/bin/sh\nupdate-alternatives --install /usr/bin/a a /usr/bin/app 10 --slave /usr/share/man/man1/a.1 a.1 /usr/share/man/man1/app.1\n"
                             "dpkg-statoverride --update --add root root 0755 /usr/bin/app\n"})  # fmt: skip
    return place


def build(feed: Path, *words: str, name: str = "app") -> Image:
    out = feed.parent / "out"
    argv = [
        "-q",
        "container-build",
        name,
        "--install",
        name,
        "--feed",
        str(feed),
        "-o",
        str(out),
        "--platform",
        "linux/amd64",
        *words,
    ]
    assert main(argv) == 0
    return Layout(out / f"{name}-latest-oci").image()


def test_it_is_written_only_when_asked_for(feed: Path) -> None:
    assert not any(path.startswith("var/lib/dpkg") for path in flat(build(feed)))


def test_what_dpkg_has_of_each_package(feed: Path) -> None:
    image = build(feed, "--package-database", "--exclude", "/usr/share/man/**")

    assert content(image, "var/lib/dpkg/status").decode() == (
        "Package: lib\nVersion: 1.0\nArchitecture: amd64\nMulti-Arch: same\nStatus: install ok installed\n\n"
        "Package: app\nVersion: 1.0\nArchitecture: all\nDepends: lib\nDescription: an application\n of two lines\n"
        "Status: install ok installed\nConffiles:\n /etc/app.conf d5e29449b9e66d5b4bb0d6ce48fbbcb1\n\n"
    )
    assert content(image, "var/lib/dpkg/info/app.list").decode() == "/.\n/usr/bin/app\n/etc/app.conf\n"
    assert content(image, "var/lib/dpkg/info/app.md5sums").decode() == SUMS.splitlines(keepends=True)[1]
    assert content(image, "var/lib/dpkg/info/app.conffiles") == b"/etc/app.conf\n"
    assert flat(image)["var/lib/dpkg/info/app.prerm"].mode == 0o755
    assert content(image, "var/lib/dpkg/info/lib:amd64.list") == b"/.\n/usr/lib/lib.so\n"
    assert content(image, "var/lib/dpkg/triggers/File") == b"/usr/lib lib:amd64/noawait\n"
    assert content(image, "var/lib/dpkg/triggers/update-lib") == b"lib:amd64\n"
    assert content(image, "var/lib/dpkg/diversions") == b"/usr/bin/other\n/usr/bin/other.real\napp\n"
    assert content(image, "var/lib/dpkg/statoverride") == b"root root 0755 /usr/bin/app\n"
    assert content(image, "etc/dpkg/dpkg.cfg.d/excludes") == b"path-exclude=/usr/share/man/*\n"
    assert content(image, "var/lib/dpkg/alternatives/a").decode() == (
        "auto\n/usr/bin/a\na.1\n/usr/share/man/man1/a.1\n\n/usr/bin/app\n10\n/usr/share/man/man1/app.1\n\n"
    )


@needs_dpkg
def test_dpkg_finds_everything_in_order(feed: Path) -> None:
    directory = unpack(build(feed, "--package-database"), feed.parent / "root")

    def dpkg(*words: str) -> str:
        return subprocess.run(
            ("dpkg", f"--root={directory}", *words), capture_output=True, text=True, check=True
        ).stdout

    assert [line.split()[:3] for line in dpkg("-l").splitlines()[-2:]] == [
        ["ii", "app", "1.0"],
        ["ii", "lib:amd64", "1.0"],
    ]
    assert dpkg("--audit") == dpkg("--verify") == ""
    assert dpkg("-S", "/usr/bin/app") == "app: /usr/bin/app\n"
    (directory / "usr/bin/app").write_bytes(b"changed")
    assert dpkg("--verify") == "??5??????   /usr/bin/app\n"


def test_what_comes_on_top_of_a_base_is_added(feed: Path) -> None:
    base = build(feed, "--package-database", "--entrypoint", "/usr/lib/lib.so", name="lib")
    image = build(feed, "--package-database", "--base", str(base.layout))
    status = content(image, "var/lib/dpkg/status").decode()

    assert [line for line in status.splitlines() if line.startswith("Package:")] == [
        "Package: lib",
        "Package: app",
    ]
    assert image.diff_ids[: len(base.diff_ids)] == base.diff_ids


def test_what_opkg_has_of_each_package(feed: Path) -> None:
    for path in list(feed.glob("*.deb")):
        path.rename(path.with_suffix(".ipk"))
    image = build(feed, "--package-database")

    assert content(image, "var/lib/opkg/status").decode() == (
        "Package: lib\nVersion: 1.0\nStatus: install ok installed\nArchitecture: amd64\nInstalled-Time: 0\nAuto-Installed: yes\n\n"
        "Package: app\nVersion: 1.0\nDepends: lib\nStatus: install user installed\nArchitecture: all\n"
        "Conffiles:\n /etc/app.conf d5e29449b9e66d5b4bb0d6ce48fbbcb1\nInstalled-Time: 0\n\n"
    )
    assert content(image, "var/lib/opkg/info/app.list").decode() == (
        "/usr/bin/app\t0100755\n/etc/app.conf\t0100644\n/usr/share/man/man1/app.1\t0100644\n"
    )
    assert content(image, "var/lib/opkg/info/app.control").decode().startswith("Package: app\nVersion: 1.0\n")


@pytest.mark.skipif("OPKG" not in os.environ, reason="set OPKG=<opkg>: no registry has it, OE-Core builds it")
def test_opkg_finds_everything_in_order(feed: Path) -> None:
    for path in list(feed.glob("*.deb")):
        path.rename(path.with_suffix(".ipk"))
    directory = unpack(build(feed, "--package-database"), feed.parent / "root")
    settings = feed.parent / "opkg.conf"
    settings.write_text("arch all 1\narch amd64 2\ndest root /\n")

    def opkg(*words: str) -> str:
        argv = (os.environ["OPKG"], "-f", settings, "-o", directory, *words)
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    assert opkg("list-installed") == "app - 1.0\nlib - 1.0\n"
    assert opkg("list-changed-conffiles") == ""
    assert f"{directory}/usr/bin/app\n" in opkg("files", "app")
    assert "Status: install user installed\n" in opkg("status", "app")
    opkg("remove", "app")
    assert (opkg("list-installed"), (directory / "usr/bin/app").exists()) == ("lib - 1.0\n", False)


def test_that_of_another_format_is_refused() -> None:
    with fails(
        "the database of apk packages can't be written here [no-package-database]\n"
        "  only apk itself can; those of deb, ipk, rpm can be written\n  hint: leave out --package-database"
    ):
        database.write("apk", Root(), [], [], database.About(Paths(()), lambda _: True, Platform("amd64"), 0))


def test_a_diversion_is_of_the_path_that_packages_have(feed: Path) -> None:
    """As dpkg has it: what is diverted at lib64 goes on to be at usr/lib64."""
    divert = (
        "#!/bin/sh\ndpkg-divert --package other --no-rename --divert /lib64/ld.so.old --add /lib64/ld.so\n"
    )
    deb(
        feed,
        "other",
        member("./usr/lib64/x", b"x"),
        scripts={"preinst": divert},
        control="Provides: usr-is-merged\n",
    )
    deb(feed, "usr-is-merged", control="Depends: other\n")
    deb(feed, "libc", member("./usr/lib64/ld.so", b"x", mode=0o755), control="Depends: usr-is-merged\n")
    files = flat(build(feed, "--entrypoint", "/usr/lib64/ld.so", name="libc"))

    assert "usr/lib64/ld.so" in files
    assert files["lib64"].linkname == "usr/lib64"
