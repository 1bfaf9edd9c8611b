"""The probe of nodes under the shells of boards, and what it says of things that are really so."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from guests import Guest, Unavailable
from lab import NamespaceTarget
from unit.node_needs import ALL, K3S, K8S

from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy.connection import Local
from sdk_hooks.core.nodecheck import preflight
from sdk_hooks.core.nodecheck.facts import Facts, parse
from sdk_hooks.core.shell import whole

from .place import wait

pytestmark = pytest.mark.integration
Start = Callable[[str], NamespaceTarget]
CHANGING = ("clock", "disk", "inodes", "listen", "holder", "route", "route6")  # other tests make links


@contextmanager
def login(board: NamespaceTarget, *, user: bool = False) -> Iterator[link.Connection]:
    alias = board.user_alias if user else board.alias
    with link.connect(alias, link.Options(config=board.ssh_config)) as connection:
        yield connection


def steady(facts: Facts) -> dict[str, tuple[str, ...]]:
    """Without what differs from one moment to the next."""
    return {key: values for key, values in facts.said.items() if key not in CHANGING}


@pytest.mark.parametrize("user", [False, True], ids=["root", "user"])
@pytest.mark.parametrize(("stack", "shell"), [("bare", "busybox"), ("podman", "dash")])
def test_the_shells_of_boards(start_board: Start, stack: str, shell: str, user: bool) -> None:
    board = start_board(stack)
    assert shell in board.run(("readlink", "-f", "/bin/sh")).stdout.decode()
    with login(board, user=user) as connection:
        result = link.run(connection, preflight.script(ALL))
    facts = parse(result.output)

    assert (result.status, result.error) == (0, "")
    assert facts.one("kernel") == os.uname().release
    assert facts.one("uid") == ("1000" if user else "0")
    assert facts.number("cpus") == os.cpu_count()
    assert facts.one("hostname") == board.run(("cat", "/proc/sys/kernel/hostname")).stdout.decode().strip()
    assert {"mount", "ip"} <= set(facts.all("program"))
    assert "/var/lib/rancher" in facts.about("disk")
    assert facts.controllers >= {"cpu", "cpuset", "memory", "pids"}


@pytest.mark.parametrize("shell", [("busybox", "sh"), ("dash",), ("bash", "--posix")], ids=lambda s: s[0])
def test_shells_agree(shell: tuple[str, ...]) -> None:
    if shutil.which(shell[0]) is None:
        pytest.skip(f"apt-get install {shell[0]}")
    done = subprocess.run(
        (*shell, "-s"), input=whole(preflight.script(ALL)), capture_output=True, text=True, check=True
    )

    assert done.stderr == ""
    assert steady(parse(done.stdout)) == steady(preflight.ask(Local(), ALL))


@contextmanager
def taken(board: NamespaceTarget, port: int) -> Iterator[None]:
    """Something on *board* that listens on *port*."""
    listener = subprocess.Popen(
        board._enter(("busybox", "nc", "-l", "-p", str(port), "-e", "cat")),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        listener.kill()
        listener.wait()


def test_who_has_a_port(start_board: Start) -> None:
    board = start_board("bare")

    def found(user: bool) -> tuple[str, str] | None:
        with login(board, user=user) as connection:
            findings = preflight.check(connection, K3S)
        return next(((f.level, f.detail) for f in findings if f.what == "port 6443/tcp"), None)

    with taken(board, 6443):
        level, detail = wait(lambda: found(user=False), 10)
        assert (level, detail.split(" (process ")[0]) == ("error", "is taken by 'busybox'")
        assert found(user=True) == ("error", "is taken by somebody; the API server needs it")


def test_the_clock_of_a_board_is_compared_with_this_one(start_board: Start) -> None:
    with login(start_board("bare")) as connection:
        assert preflight.ask(connection, K3S).skew == 0.0


def test_a_kernel_booted_without_the_memory_controller() -> None:
    if not os.environ.get("GUESTS"):
        pytest.skip("make test-all boots it")
    try:
        guest = Guest("systemd", words="cgroup_disable=memory")
    except Unavailable as reason:
        pytest.skip(str(reason))
    with guest, link.connect(guest.alias("root"), link.Options(config=guest.ssh_config)) as connection:
        found = {each.what: each for each in preflight.check(connection, K8S)}

    detail = "is switched off by cgroup_disable=memory on the kernel's command line"
    assert found["controller memory"].detail == detail
    assert found["init"].detail == "systemd"
    assert found["kernel configuration"].level == "warning"
    assert found["module br_netfilter"].fix == 'KERNEL_MODULE_AUTOLOAD += "br_netfilter"'
