"""layers.py: groups become layers, and a second time without reading them."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from sdk_hooks.core.files.fileset import FILE, Entry, Group, Merged
from sdk_hooks.core.oci import layers, tarstream
from sdk_hooks.core.oci.layers import Cache, Writer, cache_directory, capped
from sdk_hooks.core.oci.layout import Layout

from .helpers import file, folder, group


def sized(name: str, size: int) -> Group:
    return group(name, Entry(name, FILE, 0o644, size=size))


def names(groups: list[Group]) -> list[str]:
    return [made.name for made in groups]


def test_groups_within_the_limit_stay_and_empty_ones_go() -> None:
    assert names(capped([sized("a", 1), Group("empty"), sized("b", 1)], 2)) == ["a", "b"]


def test_the_smallest_neighbours_become_one_and_the_top_stays() -> None:
    groups = [sized("a", 50), sized("b", 10), sized("c", 20), sized("d", 90), sized("top", 1)]

    made = capped(groups, 4)

    assert names(made) == ["a", "b", "d", "top"]
    assert sorted(made[1].entries) == ["b", "c"]


def test_of_two_files_in_joined_groups_the_upper_one_stays() -> None:
    made = capped([group("a", file("x", b"low")), group("b", file("x", b"high")), sized("top", 1)], 2)

    assert made[0].entries["x"].data == b"high"


def test_a_limit_of_one_joins_everything() -> None:
    assert names(capped([sized("a", 1), sized("b", 1), sized("top", 1)], 1)) == ["a"]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "layout")
    made.create()
    return made


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Files that were read, by their path in the image."""
    seen: list[str] = []
    real = tarstream.stream

    def spy(entries: list[Entry], epoch: int) -> object:
        seen.extend(entry.path for entry in entries if entry.kind == FILE)
        return real(entries, epoch)

    monkeypatch.setattr(tarstream, "stream", spy)
    return seen


def on_disk(path: Path, age: float = 10) -> Entry:
    """An entry of the file at *path* that last changed *age* seconds ago."""
    status = path.stat()
    changed = int(time.time_ns() - age * 1e9)
    stamp = (status.st_dev, status.st_ino, status.st_mtime_ns, changed)
    return Entry("x", FILE, 0o644, size=status.st_size, source=str(path), stamp=stamp)


def write(layout: Layout, *groups: Group, epoch: int = 5) -> Writer:
    writer = Writer(layout, Merged(), epoch)
    for one in groups:
        writer.write(one)
    writer.done()
    return writer


def test_an_unchanged_group_is_not_read_again(layout: Layout, tmp_path: Path, read: list[str]) -> None:
    (tmp_path / "x").write_bytes(b"text")
    entry = on_disk(tmp_path / "x")

    first = write(layout, group("app", entry)).layers
    second = write(layout, group("app", entry)).layers

    assert read == ["x"]
    assert [layer.reused for layer in first + second] == [False, True]
    assert first[0].blob == second[0].blob
    assert layout.has(first[0].blob)


@pytest.mark.parametrize("what", ["stamp", "mode", "uid", "path", "epoch", "blob gone", "blob short"])
def test_a_changed_group_is_read_again(layout: Layout, tmp_path: Path, read: list[str], what: str) -> None:
    (tmp_path / "x").write_bytes(b"text")
    entry = on_disk(tmp_path / "x")
    first = write(layout, group("app", entry)).layers[0]
    blob = layout.path / first.blob.path
    if what == "blob gone":
        blob.unlink()
    elif what == "blob short":
        blob.write_bytes(b"")
    changes = {"stamp": (1, 2, 3, 4), "mode": 0o600, "uid": 5, "path": "y"}
    entry = entry._replace(**{what: changes[what]} if what in changes else {})

    second = write(layout, group("app", entry), epoch=6 if what == "epoch" else 5).layers[0]

    assert len(read) == 2
    assert not second.reused
    assert layout.has(second.blob)


def test_a_file_that_just_changed_is_read_again_for_it_may_change_unseen(
    layout: Layout, tmp_path: Path, read: list[str]
) -> None:
    (tmp_path / "x").write_bytes(b"text")
    entry = on_disk(tmp_path / "x", age=0)

    write(layout, group("app", entry))
    write(layout, group("app", entry))

    assert read == ["x", "x"]


def test_a_group_with_nothing_new_makes_no_layer(layout: Layout) -> None:
    made = write(layout, group("a", folder("usr")), group("b", folder("usr")))

    assert [layer.comment for layer in made.layers] == ["a"]


def test_the_comment_of_a_group_is_said(layout: Layout) -> None:
    made = group("deps", file("x"))
    made.comment = "libraries"

    assert write(layout, made).layers[0].comment == "deps: libraries"


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"5", b"[]", b'[["a"]]', b'"text"', b"\xff"])
def test_a_damaged_cache_costs_time_only(layout: Layout, content: bytes) -> None:
    path = Cache(layout.path).path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)

    assert Cache(layout.path).find("x") is None
    assert not write(layout, group("a", file("x"))).layers[0].reused


@pytest.mark.parametrize("value", [None, 5, "ab", [], ["sha256:x"], [1, 2], ["sha256:x", "1"]])
def test_a_damaged_line_of_the_cache_is_passed_over(layout: Layout, value: object) -> None:
    path = Cache(layout.path).path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"print": value, "good": ["sha256:a", 5]}))

    assert Cache(layout.path).find("print") is None
    found = Cache(layout.path).find("good")
    assert found is not None
    assert (found.digest, found.size) == ("sha256:a", 5)


def test_layers_of_another_layout_are_not_known(layout: Layout, tmp_path: Path) -> None:
    other = Layout(tmp_path / "other")
    other.create()

    write(layout, group("a", file("x")))

    assert not write(other, group("a", file("x"))).layers[0].reused


def test_a_home_that_can_not_be_written_is_no_error(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / "below"))

    assert len(write(layout, group("a", file("x"))).layers) == 1


def test_the_cache_is_where_xdg_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache_directory() == Path("/x/devtool-containers")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert cache_directory() == Path("/home/me/.cache/devtool-containers")


def test_the_fingerprint_is_a_function_of_values_alone() -> None:
    text = "a/b"
    same = os.path.join("a", "b")
    one = [file(text, b"x"), file("c", b"x")]
    two = [file(same, bytes([120])), file("c", b"x")]

    assert layers._fingerprint(one, 1) == layers._fingerprint(two, 1)
    assert layers._fingerprint(one, 1) != layers._fingerprint(one, 2)
