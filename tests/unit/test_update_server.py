"""Base images of an update server: fetched, exchanged with what is there, and put back."""

# ruff: noqa: E501  messages are read best in one line

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from devtool_plugins.__main__ import main
from sdk_hooks.core.bom import record
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.publish import contents
from sdk_hooks.core.update import server

from .helpers import fails, write
from .test_feeds_http import Served, served
from .test_sdk_update import digest, update

__all__ = ["served"]
BEGUN = "an update was interrupted: sdk-update goes on with it, --rollback takes it back"


def program(tree: Path, name: str, text: str) -> Path:
    """An install tree with a program that needs nothing."""
    write(tree, {f"bin/{name}": text})
    (tree / "bin" / name).chmod(0o755)
    return tree


def publish(top: Path, store: Path, text: str) -> str:
    """Publish a base image that has *text*; gives its digest."""
    tree = program(store / "tree", "base", text)
    options = ("--from", str(tree), "--platform", "linux/amd64", "-o", str(store))
    assert main(["-q", "container-build", "base", *options]) == 0
    assert main(["-q", "publish", str(top), "--image", "base", "-o", str(store)]) == 0
    return digest(store, "base")


def test_images_are_fetched_with_what_is_said_of_them(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, top, asked = served
    images = tmp_path / "images"
    first = publish(top, tmp_path / "store", "1")
    capsys.readouterr()
    assert update(images, url, "--trusted", "--check") == 10
    assert capsys.readouterr().out.splitlines()[1].split() == ["-", "image", "base", "-", first[:19]]

    assert update(images, url, "--trusted") == 0
    assert digest(images, "base") == first
    assert record.load(Layout(images / "base-latest-oci").image()) is not None
    assert (images / "base-latest.spdx.json").exists()

    second = publish(top, tmp_path / "store", "2")
    asked.clear()
    assert update(images) == 0  # the server of the last time
    assert digest(images, "base") == second
    assert len([each for each in asked if "/blobs/" in each]) == 3  # manifest, config, the layer that is new
    assert update(images, "--check") == 0
    assert update(images, "--rollback") == 0
    assert digest(images, "base") == first
    assert record.load(Layout(images / "base-latest-oci").image()) is not None


def test_what_is_based_on_it_is_built_again_on_top(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, top, _ = served
    images = tmp_path / "images"
    first = publish(top, tmp_path / "store", "1")
    update(images, url, "--trusted")
    tree = program(tmp_path / "app", "app", "x")
    base = ("--base", str(images / "base-latest-oci"))
    assert main(["-q", "container-build", "app", "--from", str(tree), "-o", str(images), *base]) == 0
    before = Layout(images / "app-latest-oci").image()
    second = publish(top, tmp_path / "store", "2")
    capsys.readouterr()

    assert update(images, "--check") == 10
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert rows == [
        ["-", "image", "base", first[:19], second[:19]],
        ["app", "base", "base", first[:19], second[:19]],
    ]
    assert update(images) == 0
    after = Layout(images / "app-latest-oci").image()
    assert after.diff_ids[-1] == before.diff_ids[-1]
    assert after.diff_ids[:-1] == Layout(images / "base-latest-oci").image().diff_ids


def test_an_image_that_was_built_here_stays(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, top, _ = served
    publish(top, tmp_path / "store", "1")
    tree = program(tmp_path / "tree", "base", "mine")
    assert (
        main(
            [
                "-q",
                "container-build",
                "base",
                "--from",
                str(tree),
                "--platform",
                "linux/amd64",
                "-o",
                str(tmp_path),
            ]
        )
        == 0
    )
    mine = digest(tmp_path, "base")

    assert update(tmp_path, url, "--trusted") == 0
    assert digest(tmp_path, "base") == mine
    assert (
        "warning: base was built here, and stays: the server has another one of that name\n"
        in capsys.readouterr().err
    )


def test_something_else_under_that_digest_is_refused(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, top, _ = served
    publish(top, tmp_path / "store", "1")
    layout = (top / "current").resolve() / "images/base-latest-oci"
    blob = Layout(layout).image().layers[-1]
    path = layout / blob.path
    path.unlink()
    path.write_bytes(b"something else")

    assert update(tmp_path / "images", url, "--trusted") == 1
    assert f"error: '{url}/generations/" in (told := capsys.readouterr().err)
    assert "is not what the feed's index says [wrong-hash]" in told
    assert not (tmp_path / "images/base-latest-oci").exists()
    assert not list((tmp_path / "images/.sdk-update").glob("*.json"))


@pytest.mark.parametrize(("changes", "why"), [
    ({"path": "images/../../x-oci"}, "'images/../../x-oci' is no place for an image"),
    ({"digest": "sha256:../x"}, "'sha256:../x' is no digest"),
    ({"beside": {"x": "md5:1"}}, "'md5:1' is no digest"),
])  # fmt: skip
def test_a_server_can_not_write_elsewhere(changes: dict[str, object], why: str) -> None:
    image = {"name": "a", "tag": "latest", "image": "a:latest", "digest": f"sha256:{'0' * 64}",
             "platform": "linux/amd64", "path": "images/a-latest-oci", "beside": {}, **changes}  # fmt: skip
    text = json.dumps({"version": 1, "feeds": {}, "images": [image], "locks": {}, "sdk": None, "key": ""})
    with fails(
        f"'x' can't be understood [bad-server]\n  {why}\n  hint: was it made by a newer version? update this one"
    ):
        contents.parse(text.encode(), "x")


def test_a_server_that_publish_has_not_made_is_said(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert update(tmp_path, served[0]) == 1
    assert capsys.readouterr().err == (
        f"error: '{served[0]}' is not what publish makes [bad-server]\n  hint: make it: devtool-containers publish DIR\n"
    )


def test_what_was_changed_by_hand_is_noticed(served: Served, tmp_path: Path) -> None:
    url, top, _ = served
    publish(top, tmp_path / "store", "1")
    file = (top / "current").resolve() / "published.json"
    file.write_bytes(file.read_bytes() + b"\n")
    with fails(
        f"'{url}' was not written by publish [bad-server]\n"
        "  hint: tell who publishes it: devtool-containers publish DIR writes it whole"
    ):
        server.connect(url, "", True)


def test_a_file_that_is_gone_is_said(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, top, _ = served
    publish(top, tmp_path / "store", "1")
    shutil.rmtree((top / "current").resolve() / "images/base-latest-oci/blobs")
    assert update(tmp_path / "images", url, "--trusted") == 1
    told = capsys.readouterr().err
    assert "error: the update server has no " in told
    assert told.endswith("[not-there]\n  hint: it was changed meanwhile, or is not signed: try again\n")
