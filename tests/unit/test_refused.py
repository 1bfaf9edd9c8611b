"""What runtimes with a machine of their own, and ctr, refuse."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sdk_plugins.runtimes.kata import Kata
from sdk_plugins.runtimes.runx import RunX

from sdk_hooks import (
    Device,
    DeviceNode,
    HealthCheck,
    Joined,
    Network,
    Resources,
    Settings,
    Tmpfs,
    Ulimit,
)
from sdk_hooks.core.registry import load
from sdk_hooks.testing import TARGET, container

from .helpers import AMD64, fails

OURS = load()
BOARD = replace(TARGET, name="board", platform=AMD64)
HOST = Settings(network="host")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({}, "run as another user than root"),
        ({"user": (0, 0)}, "set environment variables: GREETING"),
        (
            {"user": (0, 0), "settings": Settings(network="none")},
            "give a container another network than dom0's, whose sockets it has",
        ),
        (
            {"user": (0, 0), "settings": replace(HOST, resources=Resources(memory=1))},
            "limit resources: its machines have 1024 MB and two processors",
        ),
        (
            {"user": (0, 0), "settings": replace(HOST, healthcheck=HealthCheck(("check",)))},
            "run a health check's command in the container",
        ),
        ({"user": (0, 0), "settings": replace(HOST, hostname="a")}, "give its machine a host name"),
        ({"user": (0, 0), "settings": replace(HOST, read_only=True)}, "make the root file system read-only"),
        (
            {"user": (0, 0), "settings": HOST, "command": ("sh", "-c", 'echo "$HOME"')},
            "pass 'echo \"$HOME\"' to its program: a shell in its machine evaluates that",
        ),
        (
            {"user": (0, 0), "settings": HOST, "config": {"Entrypoint": ["a b", "`id`"]}},
            "pass '`id`' to its program: a shell in its machine evaluates that",
        ),
        (
            {"user": (0, 0), "settings": HOST, "config": {"WorkingDir": "/srv"}},
            "start its program in another directory than /",
        ),
        (
            {"user": (0, 0), "settings": replace(HOST, tmpfs=(Tmpfs("/run"),))},
            "mount a file system in memory on /run",
        ),
        ({"user": (0, 0), "settings": HOST, "command": ("a b", "it's", "*")}, ""),
        ({"user": (0, 0), "settings": HOST}, ""),
    ],
)
def test_runx_refuses_what_its_machines_do_not_get(changes: dict[str, object], what: str) -> None:
    assert RunX().refuses(container(**changes)) == what


def test_kata_shares_no_network_and_gets_no_character_devices() -> None:
    node = DeviceNode(Device("/dev/a", "/dev/a"), "c", 4, 64, 0o660, (0, 20))
    own = Settings(network="bridge")

    assert Kata().refuses(container()) == (
        "share the target's network: its virtual machine has one of its own; "
        "networks: {n: {}} in container.yaml makes it part of one"
    )
    assert Kata().refuses(container(settings=own, devices=(node,))).startswith("pass character devices")
    assert Kata().refuses(container(settings=own, devices=(replace(node, kind="b"),))) == ""


def test_kata_refuses_what_never_gets_to_its_machine() -> None:
    own = Settings(network="bridge", resources=Resources(memory=1 << 27, cpus=1))
    many = replace(own, resources=Resources(pids=10))
    tuned = Joined(Network("back", sysctl={"net.ipv4.ip_forward": "1"}))

    assert Kata().refuses(container(settings=own)) == ""
    assert Kata().refuses(container(settings=many)) == "limit processes: it passes that over"
    assert Kata().refuses(container(settings=own, networks=(tuned,))) == (
        "set net.ipv4.ip_forward in the network 'back': its virtual machine has another kernel"
    )


def test_ctr_sets_no_limits_of_processes() -> None:
    with fails(
        "ctr can't set the limit 'nofile' of processes [no-ulimit]\n"
        "  hint: use another stack, or leave out ulimits:"
    ):
        OURS.stack("containerd").run(
            container(settings=Settings(ulimits=(Ulimit("nofile", 1, 1),)), attach=True)
        )


def test_docker_has_a_least_limit_of_memory() -> None:
    little = container(settings=Settings(resources=Resources(memory=(6 << 20) - 1)), attach=True)
    with fails(
        "docker gives 'web' no less memory than 6 MiB [too-little-memory]\n"
        "  6291455 bytes were asked for\n  hint: --memory 6M, or resources: {memory: 6M}"
    ):
        OURS.stack("docker").run(little)

    enough = container(settings=Settings(resources=Resources(memory=6 << 20)), attach=True)
    assert "6291456" in OURS.stack("docker").run(enough)


def test_docker_has_no_name_of_one_letter() -> None:
    for box in (container(name="w", attach=True), container(name="w", settings=HOST)):
        with fails(
            "docker has no container whose name is one letter: 'w' [bad-name]\n"
            "  hint: deploy it under another name: --name"
        ):
            OURS.stack("docker").run(box)
    assert "ww" in OURS.stack("docker").run(container(name="ww", settings=HOST))
