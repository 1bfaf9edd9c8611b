"""An engine whose daemon is the login's own: how it is reached, and what its containers can't have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from sdk_plugins.stacks.docker import Docker

from sdk_hooks import (
    Device,
    DeviceNode,
    HealthCheck,
    Network,
    Port,
    Resources,
    Restart,
    Settings,
    StackFacts,
    Target,
)
from sdk_hooks.core.deploy import boot, choose, content, deployment, nested, transfer
from sdk_hooks.core.deploy.deployment import Deployment
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.registry import load
from sdk_hooks.testing import TARGET, container

from .helpers import AMD64, fails, make

SOCKET = "unix:///run/user/1000/docker.sock"
ROOTS = replace(
    TARGET,
    name="board",
    platform=AMD64,
    uid=1000,
    state=PurePosixPath("/home/user/state"),
    stacks={"docker": StackFacts("26.1.5")},
)
OWN = replace(ROOTS, stacks={"docker": StackFacts("26.1.5", daemon=SOCKET)})
PORTS = (Port(8080, 8080),)
ANSWERS = HealthCheck(port=8080)


def made(directory: Path, target: Target, *settings: Settings) -> Deployment:
    image = make(directory / "x").image
    names = "ab" if len(settings) > 1 else ("",)
    parts = tuple(Part(image, each, name) for name, each in zip(names, settings, strict=True))
    return deployment.make("web", parts, Docker(), None, target, load().network)


def test_every_command_finds_the_daemon_that_the_probe_found(tmp_path: Path) -> None:
    own = made(tmp_path, OWN, Settings(ports=PORTS, healthcheck=HealthCheck(command=("check",))))
    scripts = {name: text for name, text in content.files(own).items() if "docker " in text}

    assert {"start", "stop", "state", "exec", "logs", "follow", "health", "forget", "tidy"} <= set(scripts)
    for name in set(scripts) - {"enable"}:
        assert f"\nexport DOCKER_HOST={SOCKET}\n" in scripts[name], name
    [step] = transfer.of(own)[0].steps()
    assert step.endswith(f"| gzip | ssh board 'gzip -dc | DOCKER_HOST={SOCKET} docker load -q'")


def test_roots_daemon_is_asked_as_before(tmp_path: Path) -> None:
    roots = made(tmp_path, ROOTS, Settings(ports=PORTS))

    assert roots.containers[0].settings.network == "host"
    assert "DOCKER_HOST" not in "".join(content.files(roots).values())
    assert boot.enable(roots, Restart()).startswith("# docker starts it by itself\n")
    assert "linger" not in boot.enable(roots, Restart())


def test_ports_are_forwarded_where_the_targets_network_is_out_of_reach(tmp_path: Path) -> None:
    [box] = made(tmp_path / "1", OWN, Settings(ports=PORTS)).containers
    both = made(tmp_path / "2", OWN, Settings(ports=PORTS), Settings()).containers

    assert box.settings.network == "bridge"
    assert " --network bridge --publish 8080:8080/tcp " in " ".join(Docker().run(box))
    assert [each.network.name for each in (*both[0].networks, *both[1].networks)] == ["web.default"] * 2


@pytest.mark.parametrize(
    ("settings", "what", "hint"),
    [
        (Settings(network="host"), "its network", "leave out network: host, and say which ports: it has"),
        (
            Settings(networks=(Network("field", "macvlan", "10.9.0.0/24", parent="eth1"),)),
            "the interface 'eth1'",
            "use a network of driver bridge, or log in as root",
        ),
    ],
)
def test_what_only_the_target_has_is_refused(
    tmp_path: Path, settings: Settings, what: str, hint: str
) -> None:
    with fails(
        f"docker of an ordinary user of 'board' can't give a container {what} [no-network]\n"
        f"  its daemon has a network namespace of its own\n  hint: {hint}"
    ):
        choose.check_machine(made(tmp_path / "1", OWN, settings))
    choose.check_machine(made(tmp_path / "2", ROOTS, settings))


def test_a_device_is_mounted_where_everybody_may_open_it() -> None:
    moved = Device("/dev/ttyUSB0", "/dev/gps", "rw")
    open_for_all = DeviceNode(moved, "c", 188, 0, 0o666, (0, 20))
    of_login = replace(open_for_all, mode=0o600, owner=(1000, 1000))
    docker, box = Docker(), container(devices=(open_for_all,))

    assert "--volume /dev/ttyUSB0:/dev/gps" in " ".join(docker.run(replace(box, nested=True)))
    assert "--device /dev/ttyUSB0:/dev/gps:rw" in " ".join(docker.run(box))
    nested.check_devices((open_for_all,), (65532, 65532), docker, OWN)
    nested.check_devices((of_login,), (0, 0), docker, OWN)
    nested.check_devices((of_login,), (65532, 65532), docker, ROOTS)
    with fails(
        "docker of an ordinary user of 'board' can't let a container open '/dev/ttyUSB0' [device-access]\n"
        "  its mode is 0600, and groups of the login do not count in there\n"
        "  hint: let a udev rule open it for all (MODE=), or log in as root"
    ):
        nested.check_devices((of_login,), (65532, 65532), docker, OWN)


def test_it_starts_at_boot_when_the_daemon_does(tmp_path: Path) -> None:
    under = {
        init: made(tmp_path / init, replace(OWN, init=init), Settings()) for init in ("systemd", "busybox")
    }
    by_systemd = boot.enable(under["systemd"], Restart())

    assert (
        "systemctl --user is-enabled docker.service >/dev/null 2>&1 || "
        "echo 'note: docker does not start at boot: systemctl --user enable docker.service'\n"
    ) in by_systemd
    assert 'loginctl --no-ask-password enable-linger "$login"' in by_systemd
    assert boot.enable(under["busybox"], Restart()) == (
        "# docker starts it by itself\ntrue\necho 'note: it starts at boot when docker of this login does'\n"
    )


def test_limits_are_told_of_where_there_are_none(tmp_path: Path) -> None:
    settings = Settings(resources=Resources(memory=64 << 20))
    unlimited = replace(OWN, stacks={"docker": StackFacts("26.1.5", daemon=SOCKET, unlimited=True)})

    assert made(tmp_path / "1", unlimited, settings).unlimited
    assert not made(tmp_path / "2", unlimited, Settings()).unlimited
    assert not made(tmp_path / "3", OWN, settings).unlimited


@pytest.mark.parametrize(
    ("target", "network", "waits"),
    [
        (OWN, "bridge", True),
        (OWN, "none", True),
        (ROOTS, "host", False),
        (replace(OWN, programs=frozenset({"wget"})), "bridge", False),
    ],
)
def test_who_only_forwards_a_port_is_not_taken_for_healthy(
    tmp_path: Path, target: Target, network: str, waits: bool
) -> None:
    settings = Settings(ports=PORTS, healthcheck=ANSWERS, network=network)
    assert ("unwatched" in content.files(made(tmp_path, target, settings))) == waits
