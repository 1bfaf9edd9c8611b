"""sdk-update without an SDK: what a feed has otherwise, which containers that affects, and the way back."""

from __future__ import annotations

import json
import os
import shutil
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


def test_what_can_not_be_told_of_one_stops_no_others(
    images: Path, served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, top, _ = served
    other = tmp_path / "other"
    other.mkdir()
    feed_at(other, more="1.0")
    build(images, "more", "--install", "more", "--feed", str(other))
    shutil.rmtree(other)
    capsys.readouterr()

    assert update(images, "--check") == 1
    told = capsys.readouterr().err
    assert told.startswith(f"error: more: there are no packages at '{other}' [no-feed]\n")
    assert "up to date" not in told

    feed_at(top, app="1.0", lib="1.1", tool="1.0")
    assert update(images, "--check") == 10
    assert update(images) == 1
    assert update(images, "--check") == 1


def test_what_nobody_knows_the_content_of_is_built_again(
    images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record.path(images / "tool-latest-oci").unlink()
    capsys.readouterr()

    assert update(images, "--check") == 10
    assert capsys.readouterr().out.splitlines()[1].split() == ["tool", "contents", "-", "unknown", "rebuilt"]
    before = digest(images, "tool")
    assert update(images) == 0
    assert update(images, "--check") == 0
    assert digest(images, "tool") == before


def test_the_lock_beside_the_spec_moves_along(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url, top, _ = served
    feed_at(top, app="1.0", lib="1.0")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "container.yaml").write_text(f"install: [app]\nfeeds: ['{url} trusted=yes']\n")
    build(tmp_path / "images", "app", "--lock")
    lock = (tmp_path / "container.lock").read_text()
    feed_at(top, app="1.0", lib="1.1")
    monkeypatch.chdir("/")  # where it is called does not matter

    assert update(tmp_path / "images") == 0
    moved = (tmp_path / "container.lock").read_text()
    assert ("1.1" in moved, "1.1" in lock) == (True, False)
    monkeypatch.chdir(tmp_path)
    assert (
        main(["-q", "container-build", "app", "--platform", "linux/amd64", "-o", "locked", "--locked"]) == 0
    )
    assert digest(tmp_path / "locked", "app") == digest(tmp_path / "images", "app")
    capsys.readouterr()
    assert update(tmp_path / "locked", "--check") == 0
    assert capsys.readouterr().out == ""
    assert update(tmp_path / "images", "--rollback") == 0
    assert (tmp_path / "container.lock").read_text() == lock


def test_a_dry_run_prints_how_it_would_be_built(
    images: Path, served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    url, top, _ = served
    feed_at(top, app="1.1", lib="1.0", tool="1.0")
    capsys.readouterr()
    before = {path: path.read_bytes() for path in images.rglob("*") if path.is_file()}
    assert update(images, "-n") == 0
    assert capsys.readouterr().out == (
        f"container-build app -o {images} --install app --feed '{url} trusted=yes' --platform linux/amd64\n"
    )
    assert {path: path.read_bytes() for path in images.rglob("*") if path.is_file()} == before


def test_a_table_for_people_has_lines(
    images: Path, served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where rich is there and stdout is a terminal; names of packages are no markup."""
    from devtool_plugins import update_report

    pytest.importorskip("rich")
    feed_at(served[1], app="1.0", lib="1.1", tool="1.0")
    capsys.readouterr()
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    assert update(images, "--check") == 10
    update_report._print([("A",), ("[red]x",)])
    out = capsys.readouterr().out
    assert out.startswith("┏")
    assert "[red]x" in out
