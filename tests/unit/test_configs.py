"""Configs of applications: files of settings that are deployed with them, in both kinds of file."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml

from sdk_hooks.container import Settings
from sdk_hooks.core import applications
from sdk_hooks.core.deploy import content
from sdk_hooks.core.deploy.parts import Config, Part
from sdk_hooks.core.spec import read
from sdk_hooks.core.spec.application import Application, Mounted, Source

from .helpers import fails, file, make, write
from .test_several import app, part

TEXT = """\
containers: {a: {configs: [one, {source: two, target: /etc/two}, {source: one, target: /x/one}]}}
configs: {one: broker.conf, two: {content: "level $LEVEL\\n"}, three: {file: ./broker.conf}}
"""
COMPOSE = """\
services: {a: {image: b, configs: [db, {source: more, target: /etc/db/more}]}}
configs: {db: {file: ./db.conf}, more: {content: "level ${LEVEL}\\n"}}
"""


def load(directory: Path, text: str, name: str = "app.yaml") -> Application:
    return applications.load(write(directory, {name: text}) / name)


def assembled(directory: Path, text: str = TEXT) -> Part:
    make(directory / "a-latest-oci", file("usr/bin/x", b"#!", 0o755), name="a")
    found = load(directory, text)
    [made] = applications.assemble(found, directory / "app.yaml", directory, lambda _: Settings())
    return made


def test_each_is_read_and_has_its_place(tmp_path: Path) -> None:
    write(tmp_path, {"broker.conf": "port 1"})

    assert assembled(tmp_path).configs == (
        Config("one", b"port 1", "/one"),
        Config("two", b"level $LEVEL\n", "/etc/two"),
        Config("one", b"port 1", "/x/one"),
    )


def test_one_without_its_file_is_refused(tmp_path: Path) -> None:
    with fails(
        f"the file '{tmp_path}/broker.conf' of the config 'one' can't be read [no-config]\n"
        "  No such file or directory\n  hint: make it, or name another: configs: {one: {file: PATH}}"
    ):
        assembled(tmp_path)


def test_those_of_a_compose_file_have_its_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEVEL", "high")
    found = load(tmp_path, COMPOSE, "compose.yaml")

    assert found.containers["a"].configs == (Mounted("db"), Mounted("more", "/etc/db/more"))
    assert found.configs == {"db": Source("./db.conf"), "more": Source(content="level high\n")}


USED = "containers: {a: {configs: [%s]}}\nconfigs: {b: x}"
DEFINED = "containers: {a: }\nconfigs: {b: %s}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (USED % "c", "1:1: 'containers.a.configs' names 'c', there is: b [bad-spec]"),
        (USED % "b, {source: b, target: /b}", "1:1: 'containers.a.configs' names '/b' twice [bad-spec]"),
        (USED % "{target: /b}", "1:28: 'containers.a.configs' has no 'source' [bad-spec]"),
        (
            USED % "{source: b, target: b}",
            "1:48: 'containers.a.configs.target': 'b' is not an absolute path [bad-spec]\n"
            "  hint: containers.a.configs.target wants a path in the container",
        ),
        (
            USED % "{source: b, target: /etc/}",
            "1:48: 'containers.a.configs.target': '/etc/' is not the path of a file such as /etc/app.conf"
            " [bad-spec]\n  hint: containers.a.configs.target wants a path in the container",
        ),
        (
            DEFINED % "{file: x, content: y}",
            "2:14: 'configs.b': it has either 'file' or 'content' [bad-spec]",
        ),
        (DEFINED % "{}", "2:14: 'configs.b': it has either 'file' or 'content' [bad-spec]"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with fails(f"{tmp_path}/app.yaml:{message}"):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("target: /etc", "mode: 0440, target: /etc", "1:61: 'services.a.configs.mode' of"),
        ("{file: ./db.conf}", "{external: true}", "2:26: 'configs.db.external' of"),
    ],
)
def test_what_of_compose_is_not_for_a_board_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, message: str
) -> None:
    monkeypatch.setenv("LEVEL", "")
    with fails(f"{tmp_path}/compose.yaml:{message} compose files is not supported [bad-spec]"):
        load(tmp_path, COMPOSE.replace(old, new), "compose.yaml")


def test_the_schema_has_them() -> None:
    validator = jsonschema.Draft202012Validator(read.json_schema({}))

    assert validator.is_valid(yaml.safe_load(TEXT))
    assert not validator.is_valid(yaml.safe_load(USED % "{target: /d}"))


@pytest.mark.parametrize(
    "data", [b"listener 1883\nit's $HOME\nEOF\n", b"no end", b"", b"\n", b"\x00\xff\n", "ü\n".encode()]
)
def test_one_is_written_as_it_is_and_mounted_where_it_says(tmp_path: Path, data: bytes) -> None:
    two = (Config("app.conf", data, "/app.conf"), Config("app.conf", data, "/etc/app.conf"))
    made = app(tmp_path, replace(part("a"), configs=two))
    shown = content.change(made)
    writing, switch, _ = shown.partition("mkdir .run-$$")

    assert switch
    subprocess.run(("dash", "-c", writing), cwd=tmp_path, check=True, timeout=20)
    [written] = (tmp_path / "apps/shop").glob(".new-*/a/config-*")
    assert (written.name, written.read_bytes()) == ("config-app.conf", data)
    assert written.stat().st_mode & 0o777 == 0o444
    assert ("listener 1883\n" in shown) == data.startswith(b"listener")
    assert [str(volume) for volume in made.containers[0].settings.volumes] == [
        f"{made.directory}/a/config-app.conf:/app.conf:ro",
        f"{made.directory}/a/config-app.conf:/etc/app.conf:ro",
    ]


def test_another_content_or_place_is_another_deployment(tmp_path: Path) -> None:
    configs = [(), (Config("a", b"1", "/a"),), (Config("a", b"2", "/a"),), (Config("a", b"1", "/b"),)]
    made = [app(tmp_path, replace(part("a"), configs=each)).id for each in configs]

    assert len(set(made)) == len(made)
    assert made[0] == app(tmp_path, part("a")).id
