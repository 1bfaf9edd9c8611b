"""sdk-update without an SDK: what a feed has otherwise, which containers that affects, and the way back."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest

from devtool_plugins.__main__ import main
from sdk_hooks.core.bom import record
from sdk_hooks.core.oci.layout import Layout

from .debmaker import deb, member
from .test_feeds_http import Served, served, sha256

__all__ = ["served"]


def feed_at(top: Path, **versions: str) -> None:
    """A feed of packages in these versions: app needs lib, the others nothing."""
    text = ""
    for name, version in versions.items():
        control = "Depends: lib\n" if name == "app" else ""
        members = (
            member("./", kind=tarfile.DIRTYPE, mode=0o755),
            member(f"./usr/bin/{name}", f"#!{name} {version}".encode(), mode=0o755),
        )
        path = top / f"{name}_{version}_all.deb"
        if not path.exists():  # made again it would be another file: gzip says when
            deb(top, name, *members, version=version, control=control)
        text += f"Package: {name}\nVersion: {version}\nArchitecture: all\n{control}Filename: {path.name}\n"
        text += f"Size: {path.stat().st_size}\nSHA256: {sha256(path.read_bytes())[7:]}\n\n"
    (top / "Packages").write_text(text)


def build(directory: Path, name: str, *options: str) -> str:
    assert (
        main(["-q", "container-build", name, "--platform", "linux/amd64", "-o", str(directory), *options])
        == 0
    )
    return digest(directory, name)


def digest(directory: Path, name: str) -> str:
    return Layout(directory / f"{name}-latest-oci").image().digest


def update(directory: Path, *options: str) -> int:
    return main(["-q", "sdk-update", "-o", str(directory), *options])


@pytest.fixture
def images(served: Served, tmp_path: Path) -> Path:
    """Two containers: one of app and lib, one of tool."""
    url, top, _ = served
    feed_at(top, app="1.0", lib="1.0", tool="1.0")
    for name in ("app", "tool"):
        build(tmp_path / "images", name, "--install", name, "--feed", f"{url} trusted=yes")
    return tmp_path / "images"


def test_nothing_to_do_is_said(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert update(images, "--check") == 0
    assert main(["sdk-update", "-o", str(images)]) == 0
    assert capsys.readouterr().err.endswith("everything is up to date\n")
    assert not (images / ".sdk-update").exists()


def test_a_check_tells_package_by_package(
    images: Path, served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    url, top, _ = served
    feed_at(top, app="1.0", lib="1.1", tool="1.0")
    capsys.readouterr()

    assert update(images, "--check") == 10
    [head, feed, package] = capsys.readouterr().out.splitlines()
    assert head.split() == ["CONTAINER", "WHAT", "NAME", "NOW", "UPDATE"]
    assert feed.split()[:4] == ["-", "feed", url, "trusted=yes"]
    assert package.split() == ["app", "package", "lib", "1.0", "1.1"]


def test_an_update_builds_what_is_affected_and_goes_back(
    images: Path, served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {name: digest(images, name) for name in ("app", "tool")}
    layers = Layout(images / "app-latest-oci").image().diff_ids
    feed_at(served[1], app="1.0", lib="1.1", tool="1.0")
    capsys.readouterr()

    assert update(images, "--format", "json") == 0
    [told] = json.loads(capsys.readouterr().out)
    assert told == {
        "name": "app",
        "image": "localhost/app:latest",
        "result": "updated",
        "old": before["app"],
        "new": digest(images, "app"),
    }
    assert digest(images, "tool") == before["tool"]
    now = Layout(images / "app-latest-oci").image()
    assert len(set(now.diff_ids) - set(layers)) == 1
    kept = record.load(now)
    assert kept is not None
    assert [(each.name, each.version) for each in kept.components if each.kind] == [
        ("lib", "1.1"),
        ("app", "1.0"),
    ]
    assert update(images, "--check") == 0

    assert update(images, "--rollback") == 0
    assert {name: digest(images, name) for name in ("app", "tool")} == before
    assert update(images, "--check") == 10
    assert sorted(os.listdir(images / ".sdk-update")) == ["lock"]
