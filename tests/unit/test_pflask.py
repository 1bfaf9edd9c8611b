"""pflask: what it is given instead of a bundle, and what it can't do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from sdk_plugins.runtimes.pflask import Pflask

from sdk_hooks import (
    Device,
    DeviceNode,
    HealthCheck,
    Hook,
    Joined,
    Network,
    Resources,
    Settings,
    Ulimit,
    Volume,
)
from sdk_hooks.testing import container

HOST = Settings(network="host")
ROOT = {"user": (0, 0), "settings": HOST}
NODE = DeviceNode(Device("/dev/a", "/dev/b"), "c", 4, 64, 0o660, (0, 20))


def test_a_container_becomes_options() -> None:
    settings = replace(
        HOST,
        hostname="front",
        network="none",
        volumes=(Volume("data", "/data"), Volume("/a,b", "/c", True)),
        env={"A": "1,2"},
    )
    config = {"Entrypoint": ["/x"], "Cmd": ["y"]}
    box = container(**{**ROOT, "settings": settings}, devices=(NODE,), config=config)
    argv = Pflask().run(box, PurePosixPath("/b"))

    assert argv[3:] == (
        *("sh", "web", "/b/rootfs", "own"),
        *("--chroot=/b/rootfs", "--chdir=/", "--hostname=front", "--netif"),
        "--mount=bind:/var/lib/devtool-containers/volumes/data:/data",
        *("--mount=bind-ro:/a\\,b:/c", "--mount=bind:/dev/a:/dev/b", "--setenv=A=1\\,2"),
        "--caps=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+net_bind_service,+setfcap,+setgid,"
        "+setpcap,+setuid,+sys_chroot",
        *("--", "/x", "y"),
    )


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"user": (1, 2)}, "run as a user by number: 1:2"),
        ({"networks": (Joined(Network("back")),)}, "join a network: back"),
        ({"rootless": True}, "run containers for an ordinary user without newuidmap"),
        ({"settings": replace(HOST, resources=Resources(pids=5))}, "limit resources"),
        (
            {"settings": replace(HOST, ulimits=(Ulimit("core", 0, 0),))},
            "set the limit of processes 'core'",
        ),
        ({"settings": replace(HOST, read_only=True)}, "make the root file system read-only"),
        (
            {"settings": replace(HOST, healthcheck=HealthCheck(("true",)))},
            "run a health check's command in the container",
        ),
        ({"settings": replace(HOST, healthcheck=HealthCheck(port=80))}, ""),
        ({"settings": replace(HOST, volumes=(Volume("/a:b", "/c"),))}, "mount a path with a colon: /a:b"),
        (
            {"devices": (replace(NODE, device=Device("/dev/a", "/dev/a", "r")),)},
            "limit the access to a device: /dev/a",
        ),
        ({"hooks": (Hook("poststop", "/bin/a"),)}, "call hooks: /bin/a"),
        ({"devices": (NODE,)}, ""),
        ({}, ""),
    ],
)
def test_what_it_cannot_do_is_named(changes: dict[str, object], what: str) -> None:
    assert Pflask().refuses(container(**{**ROOT, **changes})) == what
