"""Which packages of a feed a base image is made of, which of their paths stay, and what is refused."""

# ruff: noqa: E501  messages are read best in one line

from __future__ import annotations

from pathlib import Path

import pytest

from devtool_plugins.__main__ import main
from sdk_hooks.base_images import BaseImage, PackageList
from sdk_hooks.core.feeds import bases, feed, pool, solve
from sdk_hooks.core.feeds.paths import Paths
from sdk_hooks.core.files.fileset import FILE, Entry
from sdk_hooks.core.registry import load
from sdk_hooks.packages import Package, Relation
from sdk_hooks.target import Platform

from .basefeed import APPLETS, make_feed
from .debmaker import deb
from .helpers import fails, write


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    return make_feed(tmp_path / "feed")


def test_what_a_feed_lacks_is_told(packages: Path) -> None:
    found = pool.read([feed.Feed(str(packages))], load().package_formats(), Platform("amd64"), pytest.fail)
    listed = (
        PackageList(("no-such", "app", "nor-this")),
        PackageList(("gone | away", "maybe?", "app")),
        PackageList(("app",), format="rpm"),
    )
    with fails(
        "the base image 'x' can't be made out of these feeds [no-base-packages]\n  they lack gone | away\n"
        "  hint: give a feed that has them: --feed URL"
    ):
        bases.choose(found, BaseImage("x", "x", listed))
    with fails(
        "the base image 'x' can't be made out of these feeds [no-base-packages]\n  it is not made of packages of deb\n"
        "  hint: give a feed that has them: --feed URL"
    ):
        bases.choose(found, BaseImage("x", "x", listed[2:]))


def test_the_first_list_that_a_feed_has_is_taken(packages: Path) -> None:
    found = pool.read([feed.Feed(str(packages))], load().package_formats(), Platform("amd64"), pytest.fail)
    listed = (
        PackageList(("gone",)),
        PackageList(("away | app", "netbase?", "maybe?"), alone=("app",)),
        PackageList(("init",)),
    )
    chosen = bases.choose(found, BaseImage("x", "x", listed))
    assert [str(each) for each in chosen.wanted] == ["app", "netbase"]
    assert chosen.alone == {"app"}


def test_excluded_paths() -> None:
    paths = Paths(("/usr/share/doc/**", "!/usr/share/doc/*/copyright", "/opt/*"))
    entries = [
        Entry(path, "5", 0o755)
        for path in ("usr/share", "usr/share/doc", "usr/share/doc/a", "usr/share/doc/b", "opt")
    ]
    entries += [
        Entry(path, FILE, 0o644)
        for path in ("usr/share/doc/a/copyright", "usr/share/doc/b/README", "opt/tool", "opt/lib/x")
    ]
    entries += [Entry("usr/share/kept", "1", 0o644, link="opt/tool")]

    assert [entry.path for entry in paths.of(entries)] == [
        "usr/share", "usr/share/doc", "usr/share/doc/a", "opt", "usr/share/doc/a/copyright", "opt/tool", "opt/lib/x", "usr/share/kept",
    ]  # fmt: skip


def test_applets_are_read_out_of_the_program() -> None:
    assert bases.applets(APPLETS) == ["[", "[[", "ash", "cat", "ifconfig", "sh"]
    assert bases.applets(b"\x7fELF") == []


def test_what_a_base_has_is_there_and_in_the_way(tmp_path: Path) -> None:
    deb(tmp_path, "app", control="Depends: lib (>= 2)\n")
    deb(tmp_path, "rival", control="Conflicts: lib\n")
    old, new = deb(tmp_path, "lib", version="1.0"), deb(tmp_path, "lib", version="2.0")
    assert old != new
    found = pool.read([feed.Feed(str(tmp_path))], load().package_formats(), Platform("amd64"), pytest.fail)
    latest, first = found.named("lib")

    def solved(name: str, *have: Package) -> list[str]:
        return [str(each) for each in solve.solve(found, [Relation(name)], have=have).packages]

    assert solved("app", latest) == ["app 1.0"]
    assert solved("lib", Package("lib", "1.5", "all", "")) == []
    end = "\n  hint: another version, or another feed?"
    with fails(
        f"the packages can't be installed together [unsatisfiable]\n  app needs lib (>= 2), lib 1.0 is in the base image{end}"
    ):
        solved("app", first)
    with fails(
        f"the packages can't be installed together [unsatisfiable]\n  you want rival, rival 1.0 can't be beside lib 2.0, which the base image has{end}"
    ):
        solved("rival", latest)


def test_a_feed_that_nothing_is_taken_of_is_told(packages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = write(packages.parent / "tree", {"usr/bin/app": "#!/bin/sh\n", "bin/sh": "#!/usr/bin/app\n"})
    words = [
        "container-build",
        "app",
        "--from",
        str(tree),
        "--feed",
        str(packages),
        "--base",
        "distroless",
        "-o",
        str(packages.parent),
    ]
    assert main(words) == 2
    assert capsys.readouterr().err == (
        "error: --feed says where packages are, and nothing says which [usage]\n  hint: name them: --install PACKAGE\n"
    )


def test_a_name_that_is_no_base_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["container-build", "app", "--base", "smal", "-o", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        "error: no base image is named 'smal' [unknown-plugin]\n  known: distroless, large, medium, scratch, small, system\n"
        "  hint: did you mean 'small'?\n"
    )
