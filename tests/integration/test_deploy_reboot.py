"""Targets that lose power: during a deployment, and after one, with each way of starting again at boot."""

from collections.abc import Callable
from pathlib import Path

import pytest
from lab import NamespaceTarget

from .app import App
from .place import QUICK, STATE, Place, finish, wait
from .tester import Cli

pytestmark = pytest.mark.integration
At = Callable[[str], Place]
SERVICE = "container-hello-http"
LATE = """\
containers:
  plain: {image: plain, ports: ["8090:8090"], networks: [inner, late], devices: [/dev/late]}
networks: {inner: {}, late: {driver: host-device, parent: late0}}
"""


@pytest.mark.parametrize("kind", ["docker", "containerd"])
def test_engine_starts_it_again(at: At, kind: str) -> None:
    place = at(kind)
    place.deployed()
    place.board.reboot()

    assert place.get(patience=20) == "hello from a container, version 1\n"
    assert place.deployed()["result"] == "unchanged"


@pytest.fixture
def busybox(make_board: Callable[..., NamespaceTarget], cli: Cli) -> Place:
    """A board with crun whose init is busybox's: rcS runs /etc/init.d/S??*."""
    place = Place(make_board("crun", "dropbear"), cli)
    place.sh(
        "mkdir -p /etc/init.d; echo 'for i in /etc/init.d/S??*; do $i start; done' >/etc/init.d/rcS;"
        "chmod 755 /etc/init.d/rcS"
    )
    return place


def test_busybox_init_starts_it_again(busybox: Place) -> None:
    busybox.deployed()
    busybox.board.reboot()
    assert busybox.silent()

    busybox.sh("sh /etc/init.d/rcS </dev/null >/dev/null 2>&1")
    assert busybox.get() == "hello from a container, version 1\n"
    assert busybox.deployed()["result"] == "unchanged"
    busybox.undeploy("hello-http")
    assert busybox.sh("ls /etc/init.d") == "rcS\n"


def test_sysvinit_script(make_board: Callable[..., NamespaceTarget], cli: Cli) -> None:
    place = Place(make_board("crun", "dropbear"), cli)
    place.sh("mkdir -p /etc/init.d; for level in 0 1 2 3 4 5 6; do mkdir -p /etc/rc$level.d; done")
    place.deployed()
    assert place.sh("cd /etc; ls rc?.d | grep -c container-hello-http") == "7\n"

    place.sh(f"/etc/rc0.d/K01{SERVICE} stop")
    assert place.silent()
    place.board.reboot()
    place.sh(f"/etc/rc5.d/S99{SERVICE} start </dev/null >/dev/null 2>&1")
    assert place.get() == "hello from a container, version 1\n"
    assert place.sh(f"/etc/init.d/{SERVICE} status").startswith("running ")
    place.undeploy("hello-http")
    assert place.sh("find /etc -name '*container-hello*'") == ""


def test_systemd_unit(podman: Place, store: object) -> None:
    """systemd's own verifier finds nothing to say; start and stop do what they promise."""
    podman.sh(
        "mkdir -p /run/systemd/system /usr/local/bin\n"
        "printf '#!/bin/sh\\necho \"$@\" >>/root/systemctl.log\\n' >/usr/local/bin/systemctl\n"
        "chmod 755 /usr/local/bin/systemctl"
    )
    unit = f"/etc/systemd/system/{SERVICE}.service"
    try:
        podman.deployed()
        assert podman.sh("grep -c '^enable container-hello-http' /root/systemctl.log") == "1\n"
        said = podman.board.run(("systemd-analyze", "verify", unit))
        assert SERVICE not in said.stderr.decode(), said.stderr.decode()
        starts = podman.sh(f"sed -n 's/^ExecStart=//p' {unit}").replace("$$", "$")
        podman.board.reboot()
        assert podman.silent()
        podman.sh(starts)
        assert podman.get() == "hello from a container, version 1\n"
        podman.undeploy("hello-http")
        assert podman.sh(f"ls {unit} 2>/dev/null || true") == ""
    finally:
        podman.sh("rm -rf /run/systemd/system /usr/local/bin/systemctl /root/systemctl.log")


def test_user_whose_containers_end_at_logout_is_told(at: At) -> None:
    """Nobody but root may let it linger here, and loginctl says nothing of use."""
    place = at("podman-user")
    root = place.board.run
    programs = "/usr/local/bin/systemctl /usr/local/bin/loginctl"
    root(("sh", "-c", f"mkdir -p /run/systemd/system; for p in {programs}; do ln -s /bin/true $p; done"))
    try:
        done = place.deploy()
        assert place.normal(done.stderr).splitlines()[-1] == (
            "BOARD: note: it ends at logout and does not start at boot: loginctl enable-linger user, as root"
        )
        root(("sh", "-c", "mkdir -p /var/lib/systemd/linger; touch /var/lib/systemd/linger/user"))
        done = place.deploy(version="v2")
        assert (done.status, "note:" in done.stderr) == (0, False)
    finally:
        root(("sh", "-c", f"rm -rf /run/systemd/system {programs} /var/lib/systemd/linger"))


@pytest.mark.parametrize("undo", [False, True])
@pytest.mark.parametrize("kind", ["docker", "containerd", "crun"])
def test_power_cut_at_the_first_deployment(at: At, kind: str, undo: bool) -> None:
    """There is a container and no record of it: it is still known as ours, to deploy and to undeploy."""
    place = at(kind)
    before = place.images()
    process = place.cli.start(*place.words("plain", "v1", *QUICK))
    wait(lambda: place.processes("httpd -f"))
    place.board.reboot()
    finish(process)

    if undo:
        assert place.undeploy("plain").status == 0
        assert place.images() == before
        assert not place.processes("httpd -f")
    else:
        place.deployed("plain", "v2")
        assert place.facts()["version"] == "v2"


@pytest.mark.parametrize("kind", ["docker", "crun"])
def test_power_cut_while_it_is_changed(at: At, kind: str) -> None:
    """The turn and half of a change stay behind; the next deployment puts it right."""
    place = at(kind)
    place.deployed("plain")
    process = place.cli.start(*place.words("plain", "v2", *QUICK))
    assert wait(lambda: place.sh(f"cat {STATE}/apps/plain/.turn-1/owner 2>/dev/null || true"))
    place.board.reboot()
    done = finish(process)
    assert (done.status, "Traceback" in done.stderr) == (1, False)
    assert place.sh(f"ls -d {STATE}/apps/plain/.turn-1")

    place.deployed("plain", "v2")
    assert place.facts()["version"] == "v2"
    assert place.remains() == []


def test_what_comes_late_at_boot_is_waited_for(busybox: Place, tmp_path: Path) -> None:
    """An interface and a device of slow buses: who deploys is told at once, at boot it is tried again."""
    link, node = "ip link add late0 type veth peer name late1", "mknod -m 666 /dev/late c 10 229"
    busybox.sh(f"{link}; {node}")
    app = App(busybox, tmp_path / "app.yaml", LATE)
    app.deployed("v1")
    busybox.sh("ip link del late1 2>/dev/null; rm /dev/late")
    busybox.board.reboot()

    busybox.sh("sh /etc/init.d/rcS </dev/null >/dev/null 2>&1")
    assert "(device /dev/late is not there)" in busybox.status().stdout
    busybox.sh(node)
    assert wait(lambda: "(interface late0 is not there)" in busybox.status().stdout)
    refused = app.deploy("v2")
    assert refused.status == 1
    assert "interface late0 is not there" in refused.stderr
    busybox.sh(link)
    assert busybox.facts()["version"] == "v1"
