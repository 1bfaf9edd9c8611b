"""The feeds that an SDK has by itself, and directories whose index does not count."""

# ruff: noqa: E501  messages are read best in one line

from __future__ import annotations

from pathlib import Path

import pytest

from sdk_hooks.core.feeds import feed, pool
from sdk_hooks.core.feeds.feed import Feed
from sdk_hooks.core.registry import load
from sdk_hooks.core.sdk import feeds
from sdk_hooks.target import Platform

from .debmaker import deb
from .helpers import fails


def variables(**said: str) -> dict[str, str]:
    return {**dict.fromkeys(feeds.VARIABLES, ""), **said}


def test_packages_that_were_built_come_first_and_then_what_the_publisher_serves(tmp_path: Path) -> None:
    deb(tmp_path / "deb" / "all", "app")
    found = feeds.of_sdk(
        variables(
            PACKAGE_CLASSES="package_deb package_ipk",
            DEPLOY_DIR_DEB=f"{tmp_path}/deb",
            PACKAGE_FEED_URIS="http://a.example/ http://b.example",
            PACKAGE_FEED_BASE_PATHS="deb /deb-next/",
            PACKAGE_ARCHS="all core2-64",
        )
    )
    archs = ("all", "core2-64")
    assert found == (
        Feed(f"{tmp_path}/deb", "deb", index=False),
        *(
            Feed(f"http://{host}.example/{base}", "deb", archs=archs)
            for host in "ab"
            for base in ("deb", "deb-next")
        ),
    )


def test_its_own_architectures_stand_before_those_of_the_machine(tmp_path: Path) -> None:
    said = variables(
        PACKAGE_CLASSES="package_ipk",
        PACKAGE_FEED_URIS="http://a.example",
        PACKAGE_FEED_ARCHS="all",
        PACKAGE_ARCHS="all x",
    )
    assert feeds.of_sdk(said) == (Feed("http://a.example", "ipk", archs=("all",)),)


def test_an_sdk_that_has_nothing_is_told(tmp_path: Path) -> None:
    with fails(
        f"the SDK has no ipk packages, and says of no feed [no-feed]\n  looked in '{tmp_path}', and for PACKAGE_FEED_URIS\n"
        "  hint: give a feed: --feed URL; or build packages: devtool package RECIPE"
    ):
        feeds.of_sdk(variables(PACKAGE_CLASSES="package_ipk", DEPLOY_DIR_IPK=str(tmp_path)))


def test_what_was_put_beside_an_index_counts_where_that_is_said(tmp_path: Path) -> None:
    deb(tmp_path, "new")
    (tmp_path / "Packages").write_text("")
    formats, platform = load().package_formats(), Platform("amd64")

    def names(line: str) -> list[str]:
        return [
            each.name for each in pool.read([feed.parse(line)], formats, platform, pytest.fail).named("new")
        ]

    assert (names(f"{tmp_path}"), names(f"{tmp_path} index=no")) == ([], ["new"])
    assert feed.parse("/srv index=no").line == "/srv index=no"
    with pytest.raises(ValueError, match=r"^index is 'maybe', neither yes nor no$"):
        feed.parse("/srv index=maybe")
