"""An update that is killed at any step: each image is as before or as after, and the next one ends it or goes back."""

# ruff: noqa: E501

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.update import swap

from .killed import killed
from .test_feeds_http import Served, served
from .test_sdk_update import build, digest, feed_at, update

__all__ = ["served"]
STEP = 7
"""Every seventh change is enough; `KILLS=all` tries each."""


def snapshot(images: Path) -> dict[str, bytes]:
    """All files of the images and what is beside them, without what an update keeps, and halves of files."""
    found = [path for path in images.rglob("*") if path.is_file() and ".sdk-update" not in path.parts]
    return {
        str(path.relative_to(images)): path.read_bytes()
        for path in found
        if path.name != ".lock" and not path.name.startswith(".new-")
    }


@pytest.fixture
def images(served: Served, tmp_path: Path) -> Path:
    """Two containers that the feed's next state affects, one on top of the other."""
    url, top, _ = served
    feed_at(top, app="1.0", lib="1.0", tool="1.0")
    directory = tmp_path / "images"
    build(directory, "app", "--install", "app", "--feed", f"{url} trusted=yes")
    build(
        directory,
        "tool",
        "--install",
        "tool",
        "--feed",
        f"{url} trusted=yes",
        "--base",
        str(directory / "app-latest-oci"),
    )
    feed_at(top, app="1.0", lib="1.1", tool="1.0")
    return directory


def test_killed_anywhere(images: Path, tmp_path: Path) -> None:
    first = snapshot(images)
    before = {name: digest(images, name) for name in ("app", "tool")}
    pristine = tmp_path / "pristine"
    shutil.copytree(images, pristine, symlinks=True)
    assert update(images) == 0
    last = snapshot(images)
    after = {name: digest(images, name) for name in ("app", "tool")}
    assert before["app"] != after["app"] and before["tool"] != after["tool"]

    step = 1 if os.environ.get("KILLS") == "all" else STEP
    number, going = 0, True
    while going:
        shutil.rmtree(images)
        shutil.copytree(pristine, images, symlinks=True)
        going = killed(lambda: update(images), number)
        for name in ("app", "tool"):
            assert digest(images, name) in (before[name], after[name]), number
            _whole(images / f"{name}-latest-oci")
        if number // step % 2:
            assert update(images) == 0
            assert snapshot(images) == last, number
            assert update(images, "--check") == 0
        elif (images / ".sdk-update/journal.json").exists():
            assert update(images, "--rollback") == 0
            assert snapshot(images) == first, number
        else:
            assert snapshot(images) == first, number
        number += step
    assert number > 5 * step


def _whole(layout: Path) -> None:
    image = Layout(layout).image()
    for blob in (image.config_descriptor, *image.layers):
        assert image.blob(blob).stat().st_size == blob.size


def test_killed_on_the_way_back(images: Path, tmp_path: Path) -> None:
    first = snapshot(images)
    assert update(images) == 0
    updated = tmp_path / "updated"
    shutil.copytree(images, updated, symlinks=True)

    number, going = 0, True
    while going:
        shutil.rmtree(images)
        shutil.copytree(updated, images, symlinks=True)
        going = killed(lambda: update(images, "--rollback"), number)
        if going and (images / ".sdk-update/journal.json").exists():
            assert update(images, "--rollback") == 0
        assert snapshot(images) == first, number
        number += 1
    assert number > 5


@pytest.mark.parametrize("atomic", [True, False])
def test_an_exchange_is_ended_wherever_it_was_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, atomic: bool
) -> None:
    """Also where the file system knows no exchange in one step."""
    if not atomic:
        monkeypatch.setattr(swap, "_atomic", lambda *_: False)
    number, going = 0, True
    while going:
        place = tmp_path / str(number)
        for name in ("live", "other"):
            (place / name).mkdir(parents=True)
            (place / name / name).touch()
        pair = swap.pair(place / "live", place / "other")
        going = killed(lambda pair=pair: swap.swap(pair), number)  # type: ignore[misc]  # bound now
        swap.swap(pair)
        swap.swap(pair)
        assert (os.listdir(place / "live"), os.listdir(place / "other")) == (["other"], ["live"])
        assert sorted(os.listdir(place)) == ["live", "other"]
        number += 1
    assert number == (2 if atomic else 5)  # the attempt counts, too


def test_an_exchange_with_nothing(tmp_path: Path) -> None:
    (tmp_path / "new").touch()
    there = swap.pair(tmp_path / "live", tmp_path / "new")
    swap.swap(there)
    swap.swap(there)
    assert os.listdir(tmp_path) == ["live"]
    gone = swap.pair(tmp_path / "live", tmp_path / "new")
    swap.swap(gone)
    swap.swap(gone)
    assert os.listdir(tmp_path) == ["new"]
