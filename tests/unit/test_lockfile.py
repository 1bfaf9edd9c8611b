"""container.lock as a file: what is in it, in which order, and what is wrong with it."""

# ruff: noqa: E501  messages are read best in one line

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml

from devtool_plugins import schema
from devtool_plugins.session import Session
from sdk_hooks.core.bom import lockfile
from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.bom.lock import Lock, Sources
from sdk_hooks.core.bom.record import Layer
from sdk_hooks.core.bom.revision import Revision
from sdk_hooks.core.feeds import feed
from sdk_hooks.core.ui import Ui
from sdk_hooks.errors import SdkError

from .helpers import as_nobody, fails, root_only


def digest(letter: str) -> str:
    return f"sha256:{letter * 64}"


APP = Component("app", "1e3", "amd64", "deb", "app-src", "feed", "pool/app.deb", 12, digest("a"))
WHOLE = Lock(
    "web",
    digest("b"),
    "linux/arm/v7",
    1,
    "0.1.0",
    digest("c"),
    "small",
    Sources(Revision("d" * 40, digest("e"), True), (Revision("1" * 40, digest("f"), name="meta"),)),
    ("app (>= 1)", "yes"),
    True,
    ("/usr/bin/a",),
    ("app",),
    ("own",),
    (APP, Component("own", "1.0-r0", "x86_64", "ipk", "own")),
    (replace(APP, name="base-files"),),
    ("application",),
    (Layer(digest("1"), "app-src"),),
)
TEXT = f"""\
# What container-build put into an image. --lock writes it, --locked builds exactly that again:
# keep it with the sources, and don't edit it.
version: 1
name: web
image: {digest("b")}
platform: linux/arm/v7
epoch: 1
builder: "0.1.0"
base: {digest("c")}
base_image: small
sources:
  revision: {"d" * 40}
  tree: {digest("e")}
  dirty: true
bitbake_layers:
  - name: meta
    revision: "{"1" * 40}"
    tree: {digest("f")}
install:
  - app (>= 1)
  - 'yes'
recommends: true
setuid:
  - /usr/bin/a
run_scripts:
  - app
skip_scripts:
  - own
packages:
  - name: app
    version: "1e3"
    architecture: amd64
    format: deb
    source: app-src
    feed: feed
    file: pool/app.deb
    size: 12
    digest: {digest("a")}
  - name: own
    version: "1.0-r0"
    architecture: x86_64
    format: ipk
    source: own
skeleton:
  - name: base-files
    version: "1e3"
    architecture: amd64
    format: deb
    source: app-src
    feed: feed
    file: pool/app.deb
    size: 12
    digest: {digest("a")}
others:
  - application
layers:
  - name: app-src
    digest: {digest("1")}
"""
LEAST = Lock("web", digest("b"), "linux/amd64", 0, "0.1.0")


def test_a_lock_is_text_in_one_order() -> None:
    assert lockfile.render(WHOLE) == TEXT


@pytest.mark.parametrize("lock", [WHOLE, LEAST], ids=["whole", "least"])
def test_a_lock_reads_back_and_fits_its_schema(tmp_path: Path, lock: Lock) -> None:
    path = tmp_path / "container.lock"
    lockfile.save(path, lock)

    assert lockfile.load(path) == lock
    schema = lockfile.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(path.read_text()), schema, jsonschema.Draft202012Validator)


def test_the_command_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert schema.run(argparse.Namespace(lock=True), Session(Ui())) == 0
    assert json.loads(capsys.readouterr().out) == lockfile.json_schema()


def test_the_schema_refuses_what_the_reader_refuses() -> None:
    found = yaml.safe_load(TEXT)
    for wrong in ({"version": 2}, {"image": "sha256:x"}, {"else": 1}, {"packages": [{"name": "x"}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**found, **wrong}, lockfile.json_schema(), jsonschema.Draft202012Validator)


def test_a_lock_that_stays_the_same_is_not_touched_and_a_new_one_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "container.lock"
    before = os.umask(0o077)
    try:
        lockfile.save(path, WHOLE)
    finally:
        os.umask(before)
    first = path.stat()
    lockfile.save(path, WHOLE)
    assert path.stat().st_ino == first.st_ino
    lockfile.save(path, LEAST)

    assert path.stat().st_mode & 0o777 == 0o644
    assert os.listdir(tmp_path) == ["container.lock"]
    assert lockfile.load(path) == LEAST


@root_only
def test_a_directory_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    said = rf"^can't write '{tmp_path}/container.lock' \[unwritable\]\n  .*: Permission denied$"
    with as_nobody(), pytest.raises(SdkError, match=said):
        lockfile.save(tmp_path / "container.lock", LEAST)
    assert os.listdir(tmp_path) == []


HINT = "  hint: take the right one out of git, or make it again with --lock"
BAD = {
    "empty": ("", "{path}: there is nothing in it [bad-lock]"),
    "text": ("a\n", "{path}:1:1: the file wants keys and values [bad-lock]"),
    "no-version": ("name: web\n", "{path}:1:1: it has no version [bad-lock]"),
    "merge": (TEXT.replace("name: web", "<<<<<<< mine\nname: web\n======="), "{path}:5:1: could not find expected ':' [bad-lock]"),
    "missing": (TEXT.replace("name: web\n", ""), "{path}:3:1: '' has no 'name' [bad-lock]"),
    "unknown": (TEXT + "hosts: x\n", "{path}:59:1: unknown key 'hosts' [bad-lock]"),
    "digest": (TEXT.replace(digest("a"), "sha256:../../x"), "{path}:38:13: 'packages.digest': 'sha256:../../x' is not a digest such as sha256:... [bad-lock]"),
    "up": (TEXT.replace("pool/app", "pool/../../app"), "{path}:36:11: 'packages.file': 'pool/../../app.deb' leads out of the feed [bad-lock]"),
    "absolute": (TEXT.replace("pool/app", "/etc/app"), "{path}:36:11: 'packages.file': '/etc/app.deb' leads out of the feed [bad-lock]"),
    "no-hash": (TEXT.replace(f"    digest: {digest('a')}\n", ""), "{path}:30:5: 'packages': the package 'app' is out of a feed, and has no 'file' or no 'digest' [bad-lock]"),
    "commit": (TEXT.replace("d" * 40, "main"), "{path}:12:13: 'sources.revision': 'main' is not a commit of git [bad-lock]"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_what_is_wrong_with_a_lock_is_said_with_its_place(tmp_path: Path, kind: str) -> None:
    text, said = BAD[kind]
    path = tmp_path / "container.lock"
    path.write_text(text)

    with fails(f"{said.format(path=path)}\n{HINT}"):
        lockfile.load(path)


def test_a_lock_of_a_newer_program(tmp_path: Path) -> None:
    path = tmp_path / "container.lock"
    path.write_text(TEXT.replace("version: 1\n", "version: 2\nmore: 1\n", 1))

    with fails(
        f"'{path}' is a lock of version 2, and this program knows 1 [bad-lock]\n"
        "  hint: take the program that wrote it, or make the lock again with --lock"
    ):
        lockfile.load(path)


def test_no_lock(tmp_path: Path) -> None:
    with fails(f"there is no lock '{tmp_path}/x.lock' [no-lock]\n  hint: build with --lock to make it"):
        lockfile.load(tmp_path / "x.lock")


def test_it_lies_beside_the_spec() -> None:
    assert lockfile.beside(Path("a/container.yaml")) == Path("a/container.lock")
    assert lockfile.beside(Path("web.yml")) == Path("web.lock")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("../feed", "../feed"),
        (
            "http://me:secret@a.example:8080/x bookworm main key=k.asc",
            "http://a.example:8080/x bookworm main",
        ),
        ("https://token@a.example/x", "https://a.example/x"),
        ("http://a.example/x@y trusted=yes archs=all,core2-64", "http://a.example/x@y"),
        ("file:///srv/feed", "file:///srv/feed"),
    ],
)
def test_a_feed_is_told_as_it_was_written_without_secrets(text: str, place: str) -> None:
    written = feed.parse(text)

    assert written.place == place
    assert written.below("/home/me/project").place == place
