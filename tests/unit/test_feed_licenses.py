"""Licences of OE's deb packages: out of the build that made them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sdk_hooks.core.bom import record
from sdk_hooks.core.feeds.feed import Feed
from sdk_hooks.core.feeds.licenses import Licenses
from sdk_hooks.packages import Package

from .debmaker import deb, member
from .test_package_database import build
from .test_pkgdata import make

LIB = Package("libapp1", "1.0-r0", "amd64", "", source="app", vendor="openembedded")


@pytest.fixture
def tmp(tmp_path: Path) -> Path:
    """TMPDIR of a build."""
    board = tmp_path / "tmp/pkgdata/board"
    make(board, "app", {"libapp": ""}, PKG_="libapp1", LICENSE="MIT", LICENSE_="Zlib")
    (board / "runtime-reverse").mkdir()
    (board / "runtime-reverse/libapp1").symlink_to("../runtime/libapp")
    kept = tmp_path / "tmp/deploy/licenses/core2-64/old"
    kept.mkdir(parents=True)
    (kept / "recipeinfo").write_text("LICENSE: GPL-2.0-only & MIT\nPR: r1\nPV: 2.0\n")
    (tmp_path / "tmp/deploy/deb/core2-64").mkdir(parents=True)
    return tmp_path / "tmp"


@pytest.mark.parametrize("place", ["{}/deploy/deb", "{}/deploy/deb/core2-64", "file://{}/deploy/deb"])
def test_a_build_says_it_of_the_feed_in_it(tmp: Path, place: str) -> None:
    feed = Feed(place.format(tmp))

    assert Licenses(lambda: pytest.fail("an SDK is asked")).of(LIB, feed) == "Zlib"
    old = replace(LIB, name="old-bin", version="1:2.0-r1", source="old")
    assert Licenses().of(old, feed) == "GPL-2.0-only & MIT"


def test_an_sdk_says_it_of_feeds_that_are_elsewhere(tmp: Path) -> None:
    feed = Feed("https://example.org/deb")

    assert Licenses().of(LIB, feed) == ""
    assert Licenses(lambda: f"{tmp}/pkgdata/board").of(LIB, feed) == "Zlib"


@pytest.mark.parametrize("other", [
    replace(LIB, version="1.0-r1"), replace(LIB, source="fork"), replace(LIB, source="old"),
    replace(LIB, vendor="debian"),
])  # fmt: skip
def test_that_of_another_version_or_recipe_is_none(tmp: Path, other: Package) -> None:
    assert Licenses(lambda: f"{tmp}/pkgdata/board").of(other, Feed(str(tmp / "deploy/deb"))) == ""


def test_it_is_in_what_is_told_of_the_image(tmp: Path, tmp_path: Path) -> None:
    deb(
        tmp / "deploy/deb",
        "libapp1",
        member("./usr/bin/app", b"x", mode=0o755),
        control="OE: app\n",
        version="1.0-r0",
    )
    image = build(tmp / "deploy/deb", name="libapp1")

    told = record.of_layout(image.layout, image.digest)
    assert told is not None
    assert [(each.name, each.license) for each in told.components] == [("libapp1", "Zlib")]
