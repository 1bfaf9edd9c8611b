"""Containers whose program is an init: what a bundle has for it, and which stacks are refused before sending."""

# ruff: noqa: E501  messages are read best in one line

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from sdk_plugins.runtimes.crun import Crun

from sdk_hooks import Settings
from sdk_hooks.core.deploy import booting, deployment
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.oci import runtimespec
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.target import StackFacts
from sdk_hooks.testing import TARGET, container

from .helpers import fails, file, make
from .schemas import validate

OURS = load()
INIT = {"Entrypoint": ["/sbin/init"], "User": "0:0"}


@pytest.mark.parametrize(("config", "user", "command", "boots"), [
    (INIT, (0, 0), None, True),
    ({"Cmd": ["/usr/lib/systemd/systemd"]}, (0, 0), None, True),
    (INIT, (65532, 65532), None, False),
    ({"Cmd": ["/sbin/init"]}, (0, 0), ("/bin/sh",), False),
    ({"Entrypoint": ["/usr/bin/init"]}, (0, 0), None, False),
    ({}, (0, 0), None, False),
])  # fmt: skip
def test_an_init_is_known_by_its_name_and_user(
    config: dict[str, object], user: tuple[int, int], command: tuple[str, ...] | None, boots: bool
) -> None:
    assert container(config=config, user=user, command=command).boots == boots


def test_it_finds_room_and_its_part_of_the_control_groups() -> None:
    found = json.loads(runtimespec.config_json(container(config=INIT, user=(0, 0)), TARGET))

    validate("config-schema", found, "runtime-spec")
    mounts = {mount["destination"]: mount for mount in found["mounts"]}
    assert [mounts[place]["type"] for place in ("/run", "/run/lock", "/tmp")] == ["tmpfs"] * 3
    assert list(mounts).index("/run") < list(mounts).index("/run/lock")
    assert "rw" in mounts["/sys/fs/cgroup"]["options"]
    assert "ro" not in mounts["/sys/fs/cgroup"]["options"]
    assert [each["type"] for each in found["linux"]["namespaces"]].count("cgroup") == 1
    assert found["process"]["noNewPrivileges"] is False
    other = runtimespec.config(container(), TARGET)
    assert "/run" not in {mount["destination"] for mount in other["mounts"]}
    assert other["process"]["noNewPrivileges"] is True


def made(directory: Path, stack: str, uid: int = 0) -> deployment.Deployment:
    image = make(
        directory / "x", file("sbin/init", b"#!", 0o755), spec=Spec(entrypoint=("/sbin/init",), user="0:0")
    ).image
    board = replace(TARGET, uid=uid, stacks={stack: StackFacts("1")}, state=PurePosixPath("/var/lib/x"))
    runtime = Crun() if stack == "none" else None
    return deployment.make("web", (Part(image, Settings()),), OURS.stack(stack), runtime, board, OURS.network)


@pytest.mark.parametrize(("stack", "uid"), [("podman", 0), ("podman", 1000), ("none", 0)])
def test_it_may_go_where_it_finds_that(tmp_path: Path, stack: str, uid: int) -> None:
    booting.check(made(tmp_path, stack, uid))


@pytest.mark.parametrize("stack", ["docker", "containerd", "cri-o"])
def test_engines_that_have_it_not_are_refused(tmp_path: Path, stack: str) -> None:
    with fails(
        f"{stack} can't run the init of 'web' [no-init]\n  an init wants control groups that it can change, and has none there\n"
        "  hint: do without the engine: --stack none"
    ):
        booting.check(made(tmp_path, stack))


def test_an_ordinary_user_without_an_engine_is_refused(tmp_path: Path) -> None:
    with fails(
        "none can't run the init of 'web' for an ordinary user [no-init]\n  an init wants control groups that it can change, and has none there\n"
        "  hint: log in as root"
    ):
        booting.check(made(tmp_path, "none", 1000))
