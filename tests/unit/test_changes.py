"""What differs between two sets of packages."""

from __future__ import annotations

from sdk_hooks.core.bom.changes import Change, compare
from sdk_hooks.core.bom.component import Component


def package(name: str, version: str, digest: str = "", architecture: str = "all") -> Component:
    return Component(name, version, architecture, "deb", digest=digest)


def test_packages_that_are_newer_come_or_go() -> None:
    old = [package("same", "1"), package("newer", "1"), package("goes", "1")]
    new = [package("newer", "2"), package("comes", "1"), package("same", "1")]

    found = compare(old, new)

    assert found == (Change("comes", "", "1"), Change("goes", "1", ""), Change("newer", "1", "2"))
    assert list(map(str, found)) == ["comes 1, which was not there", "goes 1, which goes", "newer 1 -> 2"]


def test_another_file_of_the_same_version_is_a_change_where_both_digests_are_known() -> None:
    old, new = [package("a", "1", "sha256:1")], [package("a", "1", "sha256:2")]

    assert [str(each) for each in compare(old, new)] == ["a 1, which was made anew"]
    assert compare(old, [package("a", "1")]) == ()
    assert compare(old, [package("a", "1", "md5:2")]) == ()
    assert compare(old, old) == ()


def test_another_recipe_is_a_change_where_both_are_known() -> None:
    old, new = Component("a", "1", "all", "deb", "one"), Component("a", "1", "all", "deb", "other")

    assert compare([old], [new]) == (Change("a", "1", "1"),)
    assert compare([old], [package("a", "1")]) == ()


def test_another_architecture_is_a_change() -> None:
    assert compare([package("a", "1")], [package("a", "1", architecture="amd64")]) == (Change("a", "1", "1"),)


def test_what_is_no_package_does_not_count() -> None:
    assert compare([Component("application")], [Component("sysroot")]) == ()
