"""The lab proved by itself: each engine loads an image over ssh and serves it, each fault is one."""

import os
import subprocess
import sys
import time
import urllib.request

import pytest

from . import cgroups, slots
from .fixtures import MakeBoard
from .host import run_quietly
from .images import Image, busybox_layer, digest, tar_of
from .namespace_target import NamespaceTarget

pytestmark = pytest.mark.integration

LOAD = {"podman": "podman load -q", "docker": "docker load -q", "containerd": "ctr images import -"}
RUN = {
    "podman": "podman run -d --name app --network host {name}",
    "docker": "docker run -d --name app --network host {name}",
    "containerd": "ctr run -d --net-host {name} app",
}
ENGINES = tuple(LOAD)


def image(tag: str, text: str) -> Image:
    config = {"Cmd": ["/bin/httpd", "-f", "-p", "8080", "-h", "/www"], "Env": ["PATH=/bin"]}
    page = tar_of({"www/index.html": text.encode()})
    return Image(f"localhost/myapp:{tag}", (busybox_layer(4 << 20), page), config)


def get(address: str) -> str:
    deadline = time.monotonic() + 5
    while True:
        try:
            with urllib.request.urlopen(f"http://{address}:8080/", timeout=2) as answer:
                return str(answer.read().decode())
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def load(board: NamespaceTarget, archive: bytes) -> subprocess.CompletedProcess[bytes]:
    return board.ssh((LOAD[board.kind],), stdin=archive)


@pytest.mark.parametrize("kind", ENGINES)
def test_image_loads_over_ssh_and_serves(kind: str, make_board: MakeBoard) -> None:
    """A hand-made hybrid tar is loaded, run, and reached over the link."""
    board, first = make_board(kind), image("v1", "hello v1")

    assert load(board, first.archive()).returncode == 0
    assert board.ssh((RUN[kind].format(name=first.name),)).returncode == 0
    assert get(board.address) == "hello v1"


@pytest.mark.parametrize("kind", ENGINES)
def test_partial_archive_needs_its_base(kind: str, make_board: MakeBoard) -> None:
    """Without the base layer a load fails on an empty board, and works and is small on one that has it."""
    board, first, second = make_board(kind, "dropbear"), image("v1", "one"), image("v2", "two")
    partial = second.archive(without={digest(second.layers[0])})

    assert load(board, partial).returncode != 0
    assert load(board, first.archive()).returncode == 0
    before = board.bytes()
    assert load(board, partial).returncode == 0
    assert board.bytes().received - before.received < 60_000
    assert board.ssh((RUN[kind].format(name=second.name),)).returncode == 0
    assert get(board.address) == "two"


@pytest.mark.parametrize("kind", ENGINES)
def test_full_disk_fails_a_load(kind: str, make_board: MakeBoard) -> None:
    """A load that does not fit fails and says why; with room again it works."""
    board, archive = make_board(kind), image("v1", "one").archive()

    board.limit_disk(1 << 20)
    failed = load(board, archive)
    assert failed.returncode != 0
    assert b"no space left on device" in failed.stderr
    board.restore_disk()
    assert load(board, archive).returncode == 0


def test_raw_board_is_bare(shared_board: MakeBoard) -> None:
    """A board with crun has busybox applets, dropbear, crun, what CNI plugins call, and no other program."""
    board = shared_board("crun", "dropbear")

    found = board.ssh(("find /bin /sbin /usr/bin /usr/sbin /usr/local -type f 2>/dev/null",)).stdout.split()
    own = [b"/bin/busybox", b"/usr/bin/crun", b"/usr/sbin/dropbear"]
    assert sorted(found) == [*own, b"/usr/sbin/ip", b"/usr/sbin/ip6tables", b"/usr/sbin/iptables"]


@pytest.mark.parametrize("kind", ["podman", "docker", "containerd"])
def test_other_engines_are_hidden(kind: str, shared_board: MakeBoard) -> None:
    board = shared_board(kind)

    script = "for name in podman docker ctr python3; do command -v $name; done"
    found = board.ssh((script,)).stdout.decode().split()
    assert found == [f"/usr/bin/{'ctr' if kind == 'containerd' else kind}"]


def test_ordinary_user_logs_in(shared_board: MakeBoard) -> None:
    assert shared_board("bare").ssh(("id -u",), user=True).stdout == b"1000\n"


def test_time_of_processors_is_counted(shared_board: MakeBoard) -> None:
    board = shared_board("bare")
    before = cgroups.processor_time(board.alias)

    assert board.run(("sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; times")).returncode == 0
    assert 0.01 < cgroups.processor_time(board.alias) - before < 5


def test_board_is_known_by_its_address_too(shared_board: MakeBoard) -> None:
    """The config serves who types root@<address>, with the host key checked."""
    board = shared_board("bare")

    login = run_quietly("ssh", "-F", board.ssh_config, f"root@{board.address}", "hostname")
    assert (login.returncode, login.stdout) == (0, f"{board.alias}\n")


def test_link_is_cut_after_so_many_bytes(make_board: MakeBoard) -> None:
    """A transfer stops near the byte it was told to; after the repair a login works again."""
    board = make_board("bare")

    board.cut_link(after=100_000)
    with pytest.raises(subprocess.TimeoutExpired):
        board.ssh(("cat >/root/got",), stdin=bytes(1_000_000), timeout=3)
    got = os.path.getsize(f"{board.root}/root/got")
    assert 0 < got < 100_000
    board.restore_link()
    assert board.ssh(("true",)).returncode == 0


def test_unplugged_link_refuses_at_once(make_board: MakeBoard) -> None:
    board = make_board("bare")

    board.unplug_link()
    assert board.ssh(("true",)).returncode == 255
    board.restore_link()
    assert board.ssh(("true",)).returncode == 0


@pytest.mark.parametrize("kind", ["docker", "containerd"])
def test_daemon_can_be_stopped_and_started(kind: str, make_board: MakeBoard) -> None:
    board = make_board(kind)
    question = " ".join(board.engine.ready)

    board.stop_engine()
    assert board.ssh((question,)).returncode != 0
    board.start_engine()
    assert board.ssh((question,)).returncode == 0


@pytest.mark.parametrize("version", [1, 2])
def test_cgroup_version_is_as_asked(version: int, make_board: MakeBoard) -> None:
    board = make_board("crun", "dropbear", cgroup_version=version)

    unified = board.ssh(("test -e /sys/fs/cgroup/cgroup.controllers",)).returncode == 0
    assert unified == (version == 2)


def test_reboot_keeps_the_disk_alone(make_board: MakeBoard) -> None:
    """After a reboot files are there, processes and /run are new, and docker restarts what it was told to."""
    board, app = make_board("docker"), image("v1", "again")
    assert load(board, app.archive()).returncode == 0
    run = RUN["docker"].format(name=app.name).replace("-d", "-d --restart always")
    assert board.ssh((f"echo kept >/root/kept; echo lost >/run/lost; {run}",)).returncode == 0

    board.reboot()
    assert board.ssh(("cat /root/kept; ls /run/lost",)).stdout == b"kept\n"
    assert get(board.address) == "again"


def test_nothing_is_left_behind(make_board: MakeBoard) -> None:
    """After a stop its link, cgroups, directory and register entry are gone."""
    board = make_board("bare")
    slot = board.slot

    board.stop()
    assert not os.path.exists(f"/sys/class/net/{slot.link}")
    assert not os.path.exists(slot.directory)
    assert not os.path.exists(f"{slots.REGISTER}/{slot.number}")
    assert run_quietly("find", "/sys/fs/cgroup", "-name", slot.name).stdout == ""


def test_sweep_removes_what_a_killed_run_left() -> None:
    """A test process that is killed outright takes its board's processes along; `sweep` removes the rest."""
    script = (
        "import os, signal; from lab import NamespaceTarget\n"
        "board = NamespaceTarget('bare').start(); print(board.slot.number, board._init, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    killed = subprocess.run((sys.executable, "-c", script), cwd=folder, capture_output=True, check=False)
    number, init = killed.stdout.split()
    deadline = time.monotonic() + 5
    while os.path.exists(f"/proc/{int(init)}") and time.monotonic() < deadline:
        time.sleep(0.02)

    assert not os.path.exists(f"/proc/{int(init)}")
    assert f"devtool-lab-{int(number)}" in slots.sweep()
    assert not os.path.exists(f"{slots.REGISTER}/{int(number)}")
