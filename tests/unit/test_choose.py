"""choose.py: what is refused before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sdk_plugins.runtimes.runsc import Runsc
from sdk_plugins.stacks.none import NoStack
from sdk_plugins.stacks.podman import Podman

from sdk_hooks import Device, DeviceNode, HealthCheck, Image, Port, Settings, Stack, Target
from sdk_hooks.core.deploy import choose, deployment
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.deploy.probe import Found
from sdk_hooks.core.registry import load
from sdk_hooks.testing import TARGET, container

from .helpers import AMD64, fails, make

BOARD = replace(TARGET, name="board", platform=AMD64)
USER = replace(BOARD, uid=1000, low_ports=1024)
HOST = Settings(network="host")


def check(target: Target, image: Image, stack: Stack, settings: Settings = HOST) -> None:
    """What is checked of a deployment of *image* to *target*."""
    choose.check(
        Found(target),
        deployment.make("web", (Part(image, settings),), stack, None, target, load().network),
        0,
    )


def test_a_port_that_only_root_may_bind_is_refused(tmp_path: Path) -> None:
    settings = replace(HOST, ports=(Port(80, 80), Port(8080, 8080)))
    with fails(
        "port 80 of 'board' is not for an ordinary user [low-port]\n"
        "  sysctl net.ipv4.ip_unprivileged_port_start is 1024\n"
        "  hint: log in as root, or choose a higher one: ports: in container.yaml"
    ):
        check(USER, make(tmp_path / "x").image, Podman(), settings)


def test_without_user_namespaces_an_ordinary_user_needs_an_engine(tmp_path: Path) -> None:
    target = replace(USER, confined="sysctl user.max_user_namespaces is 0")
    image = make(tmp_path / "x").image
    with fails(
        "without an engine only root can run containers on 'board' [needs-root]\n"
        "  an ordinary user needs user namespaces: sysctl user.max_user_namespaces is 0\n"
        "  hint: log in as root, or allow them there"
    ):
        check(target, image, NoStack())
    check(target, image, Podman())


def test_what_a_runtime_cannot_do_is_told() -> None:
    node = DeviceNode(Device("/dev/a", "/dev/a"), "c", 4, 64, 0o660, (0, 20))
    with fails(
        "runsc can't pass devices: its kernel has no drivers for them [runtime-refuses]\n"
        "  hint: choose another one with --runtime"
    ):
        choose.check_runtime(container(runtime=Runsc(), devices=(node,)))
    choose.check_runtime(container(runtime=Runsc()))


def test_where_layers_are_copied_there_has_to_be_room_for_that(tmp_path: Path) -> None:
    image = make(tmp_path / "x").image
    free = (1 << 20) + sum(layer.size for layer in image.layers) - 1
    check(replace(BOARD, overlay=True, free=free), image, NoStack())
    for target in (replace(BOARD, overlay=False, free=free), replace(USER, overlay=True, free=free)):
        with fails(
            f"no space on {target.name!r}: 1.1 MB are needed, 1.1 MB are free [no-space]\n"
            f"  0 B are to be sent to none, on the file system of {target.state}\n"
            "  hint: remove what is not needed there"
        ):
            check(target, image, NoStack())


def test_a_health_check_over_http_needs_a_port_of_the_target(tmp_path: Path) -> None:
    image = make(tmp_path / "x").image
    check_port = HealthCheck(port=8080)
    check(BOARD, image, Podman(), Settings(network="host", healthcheck=check_port))
    check(BOARD, image, Podman(), Settings(ports=(Port(8080, 80),), healthcheck=check_port))
    check(BOARD, image, Podman(), Settings(ports=(Port(8080, 8189),), healthcheck=check_port))
    with fails(
        "the health check asks port 8080, which the target does not have [no-health]\n"
        "  the container has a network of its own, and does not publish it\n"
        "  hint: publish it: ports: in container.yaml; or check with a command"
    ):
        check(BOARD, image, Podman(), Settings(network="bridge", healthcheck=check_port))
