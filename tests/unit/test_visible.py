"""visible.py: layers on top of each other, as overlayfs shows them."""

from __future__ import annotations

from sdk_hooks.core.bom.visible import Hidden, Visible, stacked
from sdk_hooks.core.files.fileset import SYMLINK, Entry
from sdk_hooks.core.files.links import Links

from .helpers import file, folder

ONE = (folder("a"), file("a/x", b"12345"), file("a/b/y", b"123"), file("z", b"1"))


def paths(shown: Visible) -> list[str]:
    return sorted(path for path, entry in shown.entries.items() if entry.kind != "5")


def test_what_a_layer_replaces_is_hidden() -> None:
    shown = stacked([ONE, (file("a/x", b"67"),)])

    assert paths(shown) == ["a/b/y", "a/x", "z"]
    assert (shown.entries["a/x"].data, shown.layers["a/x"], shown.layers["z"]) == (b"67", 1, 0)
    assert shown.hidden == [Hidden("a/x", 5, 0, 1)]


def test_the_same_path_twice_in_a_layer_hides_nothing() -> None:
    assert stacked([(*ONE, file("z", b"22"))]).hidden == []


def test_a_whiteout_deletes_a_file_and_a_directory_with_all_that_is_in_it() -> None:
    shown = stacked([ONE, (file(".wh.z"), file(".wh.a"))])

    assert shown.entries == {}
    assert sorted(shown.hidden) == [Hidden("a/b/y", 3, 0, 1), Hidden("a/x", 5, 0, 1), Hidden("z", 1, 0, 1)]


def test_a_whiteout_hides_what_is_below_it_and_not_what_is_in_its_own_layer() -> None:
    """Wherever in the layer it stands."""
    shown = stacked([ONE, (file("a/new", b"1"), file("a/.wh..wh..opq"), file("z", b"2"), file(".wh.z"))])

    assert paths(shown) == ["a/new", "z"]
    assert shown.layers["z"] == 1


def test_a_whiteout_of_nothing_does_nothing() -> None:
    shown = stacked([ONE, (file("no/.wh.such"), file(".wh.no"))])

    assert (paths(shown), shown.hidden) == (["a/b/y", "a/x", "z"], [])


def test_a_file_takes_the_place_of_a_directory_and_a_directory_that_of_a_file_or_a_link() -> None:
    shown = stacked(
        [(*ONE, Entry("l", SYMLINK, 0o777, link="a")), (file("a", b"1"), folder("z"), file("l/q", b"1"))]
    )

    assert paths(shown) == ["a", "l/q"]
    assert sorted(hidden.path for hidden in shown.hidden) == ["a/b/y", "a/x", "l", "z"]


def test_a_layer_that_was_deleted_can_be_filled_again() -> None:
    shown = stacked([ONE, (file(".wh.a"),), (file("a/b/c", b"1"),)])

    assert paths(shown) == ["a/b/c", "z"]


def test_deep_directories_are_no_matter() -> None:
    deep = "d/" * 3000 + "f"

    assert stacked([(file(deep, b"1"),), (file(".wh.d"),)]).hidden == [Hidden(deep, 1, 0, 1)]


def test_links_of_directories_are_followed_and_circles_are_not() -> None:
    entries = {
        "lib": Entry("lib", SYMLINK, 0o777, link="usr/lib"),
        "usr/lib/x": Entry("usr/lib/x", SYMLINK, 0o777, link="../share/../y"),
        "abs": Entry("abs", SYMLINK, 0o777, link="/lib/x"),
        "o": Entry("o", SYMLINK, 0o777, link="o"),
    }
    links = Links(entries)

    assert links.real("lib/a") == "usr/lib/a"
    assert links.real("lib/x/f") == "usr/y/f"
    assert links.real("abs/f") == "usr/y/f"
    assert links.real("lib") == "lib"
    assert links.real("o/f") == "o/f"
    assert links.real("none/f") == "none/f"
