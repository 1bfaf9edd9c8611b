"""choose.py: what is refused before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sdk_plugins.runtimes.crun import Crun
from sdk_plugins.runtimes.kata import Kata
from sdk_plugins.runtimes.runsc import Runsc
from sdk_plugins.runtimes.runx import RunX
from sdk_plugins.runtimes.youki import Youki
from sdk_plugins.stacks.docker import Docker
from sdk_plugins.stacks.none import NoStack
from sdk_plugins.stacks.podman import Podman

from sdk_hooks import (
    Device,
    DeviceNode,
    HealthCheck,
    Image,
    Port,
    Runtime,
    Settings,
    Setup,
    Stack,
    StackFacts,
    Target,
)
from sdk_hooks.core.deploy import choose, deployment
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.deploy.probe import Found
from sdk_hooks.core.registry import load
from sdk_hooks.testing import TARGET, container

from .helpers import AMD64, fails, make

OURS = load()
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


def test_a_container_of_another_application_is_not_replaced(tmp_path: Path) -> None:
    image = make(tmp_path / "x").image
    made = deployment.make("web", (Part(image, HOST),), Podman(), None, BOARD, load().network)
    found = Found(BOARD, ours=frozenset({"podman"}), theirs=frozenset({"web"}))
    with fails(
        "'board' has a container 'web' that is part of something else [name-in-use]\n"
        "  see what: container-status board\n"
        "  hint: deploy under another name with --name, or remove that one"
    ):
        choose.check(found, made, 0)


def test_what_a_runtime_cannot_do_is_told() -> None:
    node = DeviceNode(Device("/dev/a", "/dev/a"), "c", 4, 64, 0o660, (0, 20))
    with fails(
        "runsc can't pass devices: its kernel has no drivers for them [runtime-refuses]\n"
        "  hint: choose another one with --runtime"
    ):
        choose.check_runtime(container(runtime=Runsc(), devices=(node,)))
    choose.check_runtime(container(runtime=Runsc()))


@pytest.mark.parametrize(
    ("runtime", "lacks"),
    [
        (
            Kata(),
            "no program containerd-shim-kata-v2\n"
            "  no /dev/vhost-vsock\n"
            "  it needs hardware virtualization, nested where the target is a virtual machine itself: "
            "there is no /dev/kvm or /dev/mshv",
        ),
        (
            RunX(),
            "no program runX\n  no program xl\n  no program jq\n  no program bash\n"
            "  it needs Xen, and a login to its dom0: there is no /dev/xen/privcmd or /proc/xen/privcmd",
        ),
        (Youki(), "no program youki"),
    ],
)
def test_what_a_runtime_needs_is_told_before_anything_is_sent(runtime: Runtime, lacks: str) -> None:
    with fails(
        f"{runtime.name} can't run on 'board' [no-runtime]\n  {lacks}\n"
        "  hint: install it there, or choose another one with --runtime"
    ):
        choose.runtime(BOARD, OURS, Podman(), runtime.name)


KVM = replace(
    BOARD,
    programs=frozenset({"containerd-shim-kata-v2", "crun", "runX", "xl", "jq", "bash"}),
    devices=frozenset({"/dev/kvm", "/dev/vhost-vsock", "/dev/xen/privcmd"}),
    stacks={
        "docker": StackFacts("20.10.24+dfsg1", runtimes=frozenset({"runc"})),
        "containerd": StackFacts("1.6.20~ds1"),
        "podman": StackFacts("4.3.1"),
    },
)


@pytest.mark.parametrize(
    ("stack", "runtime", "why"),
    [
        (NoStack(), "kata", "kata needs an engine that starts it"),
        (NoStack(), "runx", "runx needs an engine that starts it"),
        (Podman(), "kata", "it starts programs with an OCI command line, kata has none"),
        (Docker(), "kata", "it takes shims since version 23, this is 20.10.24+dfsg1"),
    ],
)
def test_a_runtime_that_a_stack_cannot_start_is_told(stack: Stack, runtime: str, why: str) -> None:
    with fails(
        f"{stack.name} on 'board' can't use the runtime '{runtime}' [unknown-runtime]\n  {why}\n"
        "  hint: choose another one with --runtime, or another stack with --stack"
    ):
        choose.runtime(KVM, OURS, stack, runtime)


@pytest.mark.parametrize(
    ("stack", "runtime", "why"),
    [
        (Podman(), "runx", "its containers.conf has no entry for runx"),
        (Docker(), "crun", "its daemon.json has no entry for crun"),
    ],
)
def test_a_runtime_that_a_stack_can_be_set_up_for_is_told(stack: Stack, runtime: str, why: str) -> None:
    others = "choose another one with --runtime, or another stack with --stack"
    for target, hint in (
        (KVM, f"let it be set up there: --setup; or {others}"),
        (replace(KVM, uid=1), others),
    ):
        with fails(
            f"{stack.name} on 'board' can't use the runtime '{runtime}' [unknown-runtime]\n  {why}\n"
            f"  hint: {hint}"
        ):
            choose.runtime(target, OURS, stack, runtime)
    found = choose.runtime(KVM, OURS, stack, runtime, setup=True)
    assert found is not None
    assert found.name == runtime


def test_podman_is_set_up_by_a_file_of_ours() -> None:
    found = Podman().setup(RunX(), KVM)

    assert found == Setup(
        "/etc/containers/containers.conf.d/50-devtool-containers-runx.conf",
        "[engine.runtimes]\nrunx = "
        '["/usr/sbin/runX", "/usr/bin/runX", "/usr/local/sbin/runX", "/usr/local/bin/runX"]\n',
    )


def test_where_crun_refuses_the_cgroups_another_one_is_taken() -> None:
    both = replace(BOARD, hybrid="hugetlb", programs=frozenset({"tar", "crun", "runc"}))
    refused = "it wants no cgroup controllers in version 2 beside version 1: hugetlb"

    found = choose.runtime(both, OURS, NoStack())
    assert found
    assert found.name == "runc"
    with fails(
        f"crun can't run on 'board' [no-runtime]\n  {refused}\n  hint: choose another one with --runtime"
    ):
        choose.runtime(both, OURS, NoStack(), "crun")
    alone = replace(both, programs=frozenset({"tar", "crun"}))
    with fails(
        "'board' has no OCI runtime [no-runtime]\n"
        f"  looked for: crun, pflask, runc, runsc, youki\n  crun: {refused}\n"
        "  hint: install one of them there"
    ):
        choose.runtime(alone, OURS, NoStack())
    with fails(
        "'board' has nothing that runs containers [no-engine]\n"
        "  looked for: containerd, cri-o, docker, none, podman, crun, pflask, runc, runsc, youki\n"
        f"  crun: {refused}\n  hint: install one of them there"
    ):
        choose.stack(alone, OURS)
    with fails(
        "'board' has nothing that runs containers [no-engine]\n"
        "  looked for: containerd, cri-o, docker, none, podman, crun, pflask, runc, runsc, youki\n"
        "  runc: without an engine it needs tar, too\n  hint: install one of them there"
    ):
        choose.stack(replace(both, programs=frozenset({"runc"})), OURS)
    with fails(
        "crun can't run on 'board' [no-runtime]\n"
        "  it needs cgroup v1 or v2, the target has none: mount -t cgroup2 cgroup2 /sys/fs/cgroup\n"
        "  hint: choose another one with --runtime"
    ):
        choose.runtime(replace(alone, cgroup=0, hybrid=""), OURS, NoStack(), "crun")


def test_an_ordinary_user_has_configurations_of_its_own() -> None:
    own = replace(KVM, uid=1000, config="/home/u/.config", places={"runX": "/opt/xen/runX"})
    found = Podman().setup(RunX(), own)
    assert found
    assert found.path == "/home/u/.config/containers/containers.conf.d/50-devtool-containers-runx.conf"
    assert '["/opt/xen/runX", "/usr/sbin/runX", ' in found.content

    assert Docker().setup(Crun(), own) is None  # root's daemon
    daemon = StackFacts("26.1.5", daemon="unix:///run/user/1000/docker.sock")
    assert Docker().setup(Crun(), replace(own, stacks={"docker": daemon})) == Setup(
        "/home/u/.config/docker/daemon.json",
        {"runtimes": {"crun": {"path": "crun"}}},
        'kill -HUP "$(cat /run/user/1000/docker.pid)"\n',
    )


def test_a_runtime_is_called_what_the_engine_calls_it() -> None:
    new = replace(KVM, stacks={**KVM.stacks, "docker": StackFacts("26.1.5", runtimes=frozenset({"crun"}))})
    ways = {
        ("containerd", "kata"): ("--runtime", "io.containerd.kata.v2"),
        ("containerd", "crun"): ("--runc-binary", "crun"),
        ("containerd", "runx"): ("--runc-binary", "runX"),
        ("docker", "kata"): ("--runtime", "io.containerd.kata.v2"),
        ("docker", "crun"): ("--runtime", "crun"),
        ("podman", "crun"): ("--runtime", "crun"),
    }
    for (stack, runtime), words in ways.items():
        chosen = OURS.stack(stack)
        box = container(runtime=choose.runtime(new, OURS, chosen, runtime), attach=True)
        text = " ".join(chosen.run(box))
        assert f" {' '.join(words)} " in text, text


def test_of_runtimes_that_need_an_engine_none_is_chosen_without_one() -> None:
    board = replace(KVM, programs=KVM.programs - {"crun"})

    assert choose.fitting(board, OURS) == {}
    assert set(choose.fitting(KVM, OURS)) == {"crun"}


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


def test_there_has_to_be_a_place_for_deployments(tmp_path: Path) -> None:
    image = make(tmp_path / "x").image
    made = deployment.make("web", (Part(image, HOST),), Podman(), None, BOARD, OURS.network)
    with fails(
        "'board' has no place to keep deployments: '/var/lib' can't be written [read-only]\n"
        f"  they are kept in {BOARD.state}\n  hint: mount something there that can: on {BOARD.state}"
    ):
        choose.check(Found(BOARD, unwritable="/var/lib"), made, 0)


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
