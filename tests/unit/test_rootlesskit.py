"""containerd in namespaces that rootlesskit has made for a login: how it is reached, what it can't give."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from sdk_plugins.stacks import rootlesskit
from sdk_plugins.stacks.containerd import Containerd

from sdk_hooks import HealthCheck, Network, Port, Resources, Restart, Settings, StackFacts, Target
from sdk_hooks.core.deploy import boot, choose, content, deployment, transfer
from sdk_hooks.core.deploy.deployment import Deployment
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.registry import load
from sdk_hooks.core.shell import quoted
from sdk_hooks.testing import TARGET

from .helpers import AMD64, fails, make

KIT = "/run/user/1000/containerd-rootless"
FACTS = StackFacts("1.7.24", daemon=KIT, forwards=True)
OWN = replace(
    TARGET,
    name="board",
    platform=AMD64,
    uid=1000,
    init="systemd",
    state=PurePosixPath("/home/user/state"),
    cni=frozenset({"loopback", "bridge", "host-local", "firewall", "portmap"}),
    stacks={"containerd": FACTS},
)
WEB = Settings(ports=(Port(8080, 8080),))
WHOSE = "containerd of an ordinary user of 'board'"


def made(directory: Path, settings: Settings, target: Target = OWN) -> Deployment:
    parts = (Part(make(directory / "x").image, settings),)
    return deployment.make("web", parts, Containerd(), None, target, load().network)


def test_every_command_runs_inside(tmp_path: Path) -> None:
    settings = replace(WEB, healthcheck=HealthCheck(command=("check",)))
    inside = quoted(rootlesskit.INSIDE)
    files = content.files(made(tmp_path, settings))

    for name in ("start", "stop", "state", "exec", "logs", "health", "forget", "unname", "tidy"):
        assert f"export {rootlesskit.STATE}={KIT}\n" in files[name], name
        assert inside in files[name], name
    [step] = transfer.of(made(tmp_path / "2", WEB))[0].steps()
    assert f"{inside} ctr --connect-timeout 3s images import -" in step
    assert inside not in "".join(content.files(made(tmp_path / "3", WEB, replace(OWN, stacks={}))).values())


def test_ports_lead_to_the_network_of_the_namespaces(tmp_path: Path) -> None:
    [box] = made(tmp_path, WEB).containers
    run = Containerd().files(box, OWN)["run"]

    assert box.settings.network == "host"
    assert "--net-host" not in run
    assert 'found="$found --with-ns network:$n"' in run
    assert 'rootlessctl --socket "$CONTAINERD_ROOTLESS_ROOTLESSKIT_STATE_DIR/api.sock" add-ports' in run
    assert "add-ports 0.0.0.0:8080:8080/tcp)" in run
    assert "add-ports '[::1]:8080:8080/tcp6')" in rootlesskit.forward(
        replace(box, settings=Settings(ports=(Port(8080, 8080, address="[::1]"),)))
    )


def test_ports_are_moved_by_the_plugins_that_it_has_there(tmp_path: Path) -> None:
    moved = made(tmp_path, Settings(ports=(Port(80, 8080),)))

    assert [joined.network.driver for joined in moved.containers[0].networks] == ["bridge"]
    choose.check_machine(moved)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (
            Settings(networks=(Network("field", "macvlan", "10.9.0.0/24", parent="eth1"),)),
            f"{WHOSE} can't give a container the interface 'eth1' [no-network]\n"
            "  its daemon has a network namespace of its own\n"
            "  hint: use a network of driver bridge, or log in as root",
        ),
        (
            replace(WEB, extra_hosts=(("board", "host-gateway"),)),
            f"{WHOSE} knows no address of it for 'board' [no-hosts]\n"
            "  its daemon has a network namespace of its own, where 127.0.0.1 is another one\n"
            "  hint: give one of the addresses that the target has in its network: extra_hosts:",
        ),
        (
            replace(WEB, healthcheck=HealthCheck(port=9000)),
            "the health check asks port 9000, which the target does not have [no-health]\n"
            "  the container has a network of its own, and does not publish it\n"
            "  hint: publish it: ports: in container.yaml; or check with a command",
        ),
    ],
)
def test_what_it_cannot_give_is_refused(tmp_path: Path, settings: Settings, text: str) -> None:
    with fails(text):
        choose.check_machine(made(tmp_path, settings))


def test_limits_are_those_of_the_logins_systemd_or_none(tmp_path: Path) -> None:
    settings = replace(WEB, resources=Resources(memory=64 << 20))
    without = replace(OWN, stacks={"containerd": replace(FACTS, unlimited=True)})
    limited, unlimited = made(tmp_path / "1", settings), made(tmp_path / "2", settings, without)

    words = " ".join(Containerd().run(replace(limited.containers[0], attach=True)))
    assert " --runc-systemd-cgroup --cgroup user.slice:ctr:web --memory-limit 67108864 " in words
    words = " ".join(Containerd().run(replace(unlimited.containers[0], attach=True)))
    assert " --cgroup  --cpu-shares 0 --label" in words
    assert (limited.unlimited, unlimited.unlimited) == (False, True)
    assert limited.id == unlimited.id


_NAMESPACES = ("unshare", "-rm")


@pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run((*_NAMESPACES, "true"), check=False, capture_output=True).returncode != 0,
    reason="unshare can't make user namespaces here",
)
def test_what_is_read_only_keeps_the_flags_of_its_source(tmp_path: Path) -> None:
    """Those of a mount that the login's namespaces have from outside may not be taken away in there."""
    top, link = tmp_path / "mounted", tmp_path / "link"
    top.mkdir()
    link.symlink_to(top)
    told = "type=bind,src={},dst=/a b,options=rbind:{}".format
    given = (told("/", "ro"), told(top, "ro"), told(link / "x", "ro"), told(top / "all", "ro"))
    others = (told(top, "rw"), "image", "web", "options=rbind:ro")
    box = replace(made(tmp_path, WEB).containers[0], nested=True)
    script = (
        f"mount -t tmpfs -o nosuid,nodev t {top}; mkdir {top}/x {top}/all\n"
        f"mount -t tmpfs t {top}/all; mount -o remount,bind,nosuid,noexec {top}/all\n"
        f'{rootlesskit.kept(box, given)}printf "%s\\n" "$@"\n'
    )
    argv = (*_NAMESPACES, "sh", "-ec", script, "sh", *given, *others)
    done = subprocess.run(argv, capture_output=True, text=True, check=True)

    flags = ("", ":nosuid:nodev", ":nosuid:nodev", ":nosuid:noexec")
    expected = [words + more for words, more in zip(given, flags, strict=True)]
    assert done.stdout.splitlines() == [*expected, *others]
    assert rootlesskit.kept(box, others) == ""
    assert rootlesskit.kept(replace(box, nested=False), given) == ""
    assert "options=rbind:ro:nosuid:nodev:noexec" in Containerd().files(box, OWN)["run"]


def test_its_unit_goes_with_the_one_of_containerd(tmp_path: Path) -> None:
    unit = boot.enable(made(tmp_path, WEB), Restart())

    for line in (
        "After=network-online.target containerd.service",
        "PartOf=containerd.service",
        "Restart=on-failure",
        "WantedBy=default.target containerd.service",
    ):
        assert f"\n{line}\n" in unit
    assert "note: containerd does not start at boot: systemctl --user enable containerd.service'\n" in unit
    assert 'loginctl --no-ask-password enable-linger "$login"' in unit
    assert boot.enable(made(tmp_path / "2", Settings()), Restart()).startswith(
        "# containerd starts it by itself\n"
    )


@pytest.mark.parametrize("lacking", ["nsenter", "rootlessctl"])
def test_the_programs_that_lead_there_have_to_be_there(tmp_path: Path, lacking: str) -> None:
    for name in {"sh", "cat", "nsenter", "rootlessctl"} - {lacking}:
        (tmp_path / name).symlink_to(shutil.which("sh") or "/bin/sh")
    (tmp_path / "child_pid").write_text(str(os.getpid()))
    script = f"uid=1000\ninventory() {{\n{Containerd().inventory((), False)}}}\ninventory\n"
    environment = {"PATH": str(tmp_path), rootlesskit.STATE: str(tmp_path)}
    sh = shutil.which("sh") or "/bin/sh"
    done = subprocess.run((sh, "-c", script), capture_output=True, text=True, env=environment, check=False)

    assert done.returncode == 1
    assert done.stdout == f"it is rootless, which wants {lacking}: install it there\n"
