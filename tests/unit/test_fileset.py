"""fileset.py: groups of files laid on top of each other."""

from __future__ import annotations

import pytest

from sdk_hooks.core.files.fileset import HARDLINK, SYMLINK, Entry, Group, Merged, parents

from .helpers import file, folder, group


def link(path: str, target: str) -> Entry:
    return Entry(path, SYMLINK, 0o777, link=target)


def place(merged: Merged, *entries: Entry) -> list[tuple[str, str]]:
    return [(entry.path, entry.kind) for entry in merged.place(group("x", *entries))]


def test_missing_parents_are_added_once() -> None:
    merged = Merged()

    assert place(merged, file("a/b/c"), file("a/d")) == [
        ("a", "5"),
        ("a/b", "5"),
        ("a/b/c", "0"),
        ("a/d", "0"),
    ]
    assert place(merged, file("a/b/e")) == [("a/b/e", "0")]


def test_a_file_below_a_link_goes_where_the_link_points() -> None:
    merged = Merged()
    place(merged, link("lib", "usr/lib"), folder("usr/lib"))

    assert place(merged, folder("lib"), file("lib/x")) == [("usr/lib/x", "0")]


@pytest.mark.parametrize(
    ("target", "real"),
    [
        ("usr/lib", "usr/lib/x"),
        ("/usr/lib", "usr/lib/x"),
        ("./usr/../usr//lib", "usr/lib/x"),
        ("../../up", "up/x"),
        ("/", "x"),
        ("lib", "lib/x"),
    ],
)
def test_every_form_of_link_is_followed(target: str, real: str) -> None:
    merged = Merged()
    place(merged, link("lib", target))

    assert merged.real("lib/x") == real


def test_links_to_links_are_followed() -> None:
    merged = Merged()
    place(merged, link("a", "b"), link("b", "c/d"), link("c", "/e"))

    assert merged.real("a/x") == "e/d/x"


def test_links_of_the_same_group_count_too() -> None:
    assert place(Merged(), file("lib/x"), link("lib", "usr/lib")) == [
        ("lib", "2"),
        ("usr", "5"),
        ("usr/lib", "5"),
        ("usr/lib/x", "0"),
    ]


def test_a_hard_link_follows_its_file_and_comes_after_it() -> None:
    merged = Merged()
    place(merged, link("lib", "usr/lib"))

    placed = merged.place(
        group("x", file("lib/file", b"x"), Entry("bin/name", HARDLINK, 0o644, link="lib/file"))
    )

    assert [(e.path, e.link) for e in placed if e.kind != "5"] == [
        ("usr/lib/file", ""),
        ("bin/name", "usr/lib/file"),
    ]


def test_an_unchanged_directory_is_not_repeated_and_a_changed_one_is() -> None:
    merged = Merged()
    place(merged, folder("tmp", 0o1777), folder("data", 0o700, 5, 5))

    assert place(merged, folder("data", 0o700, 5, 5)) == []
    assert place(merged, folder("tmp")) == []  # a plain directory says nothing about one that is special
    assert place(merged, folder("data", 0o700, 6, 5)) == [("data", "5")]


def test_a_file_in_place_of_a_directory_takes_what_was_in_it_away() -> None:
    merged = Merged()
    place(merged, file("a/b/c"), file("a.d"))

    assert place(merged, file("a")) == [("a", "0")]
    assert sorted(merged.entries) == ["a", "a.d"]


def test_a_whiteout_takes_a_path_and_all_below_it_away() -> None:
    merged = Merged()
    place(merged, file("a/b/c"), file("a/bc"), file("d"))

    merged.remove("a/b", itself=True)
    assert sorted(merged.entries) == ["a", "a/bc", "d"]

    merged.remove("a", itself=False)
    assert sorted(merged.entries) == ["a", "d"]

    merged.remove("", itself=False)
    assert merged.entries == {}


def test_parents_come_from_the_top() -> None:
    assert list(parents("a/b/c")) == ["a", "a/b"]
    assert list(parents("a")) == []


def test_a_group_knows_its_size_and_keeps_the_last_of_two() -> None:
    made = Group("x")
    made.add([file("a", b"123"), file("b", b"1")])
    made.add([file("a", b"12")])

    assert made.size == 3
