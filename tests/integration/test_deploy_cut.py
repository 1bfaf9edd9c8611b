"""Links that are cut, and deployers that are killed: what ran before answers, and the next try succeeds."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from .place import QUICK, STATE, Place, finish, wait
from .tester import Done

pytestmark = pytest.mark.integration
At = Callable[[str], Place]
OLD, NEW = "hello from a container, version 1\n", "hello from a container, version 2\n"
LAYERS = f"ls {STATE}/layers | grep -c ^sha256- || true"


def connections(place: Place) -> set[str]:
    """What the board takes for an open connection, by the port of the other side."""
    open_ = "while read -r _ _ peer state _; do [ $state != 01 ] || echo $peer; done </proc/net/tcp"
    return set(place.sh(open_).split())


def lost(done: Done) -> None:
    """That is how a lost connection is told."""
    assert done.status == 1
    assert any(code in done.stderr for code in ("[connection-lost]", "[unreachable]", "[ssh]")), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("kind", "parts"), [
    ("podman", (0.35, 0.6, 0.85, 0.97)),
    ("docker", (0.6, 0.9)),
    ("containerd", (0.6, 0.9)),
    ("crun", (0.35, 0.6, 0.75, 0.85, 0.97)),
])  # fmt: skip
def test_cut_anywhere_leaves_one_that_answers(at: At, kind: str, parts: tuple[float, ...]) -> None:
    """In the handshake, the probe, the switch: after each one answers, and the next try works."""
    place = at(kind)
    place.deployed("hello-http", "v2")
    place.deployed()
    place.deployed("hello-http", "v2")
    with place.metered() as link:  # no layer is missing from now on
        place.deployed()

    for number, part in enumerate(parts):
        version = ("v2", "v1")[number % 2]
        place.board.cut_link(after=int(link.received * part))
        done = place.deploy("hello-http", version, *QUICK)
        place.board.restore_link()
        if done.status:
            lost(done)
        assert wait(lambda: place.get() in (OLD, NEW))
        place.deployed("hello-http", version)
        assert place.get() == (NEW, OLD)[number % 2]
    wait(lambda: not place.remains(), 20)  # what the kernel had still to send arrives when the link is back


@pytest.mark.parametrize("part", [0.7, 0.8])
@pytest.mark.parametrize("then", ["deploy", "undeploy"])
def test_what_comes_late_changes_nothing(crun: Place, part: float, then: str) -> None:
    """What was on its way when the link was cut arrives when it is back, after the next one was done."""
    crun.deployed()
    crun.deployed("hello-http", "v2")
    with crun.metered() as link:
        crun.deployed()
    before = connections(crun)
    for less in (0, 0.06, 0.12):  # the script of the switch is a third of it all
        crun.board.cut_link(after=int(link.received * (part - less)))
        done = crun.deploy("hello-http", "v2", *QUICK)
        crun.board.restore_link()
        if done.status:
            break
        crun.deployed()  # on a busy machine there are fewer packets, and it was through before
    lost(done)

    if then == "deploy":
        crun.deployed()
    else:
        assert crun.undeploy("hello-http").status == 0
    # the kernel has sent all it had, which ran
    assert wait(lambda: not connections(crun) - before and not crun.processes("sh -s"), 30)
    if then == "deploy":
        assert crun.get() == OLD
    else:
        assert crun.silent()
        assert crun.sh(f"ls -A {STATE}/apps {STATE}/layers") == f"{STATE}/apps:\n\n{STATE}/layers:\n"


def test_cut_transfer_goes_on_where_it_was(crun: Place) -> None:
    """Without an engine, layers that have arrived are not sent again."""
    crun.board.cut_link(after=500_000)
    done = crun.deploy("hello-http", "v1", *QUICK)
    crun.board.restore_link()
    lost(done)
    assert wait(lambda: crun.sh(LAYERS) == "1\n")  # a slow board is still unpacking

    record = crun.deployed()
    assert record["sent"]["layers"] == 2
    assert crun.get() == OLD


@pytest.mark.parametrize("kind", ["docker", "crun"])
def test_switch_ends_without_the_link(at: At, kind: str) -> None:
    """Once the target has begun to change over it needs nobody to finish."""
    place = at(kind)
    place.deployed("plain")
    process = place.cli.start(*place.words("plain", "v2", *QUICK))
    wait(lambda: place.processes("./switch"))
    place.board.cut_link()
    done = finish(process)
    wait(lambda: not place.processes("./switch"), 20)
    place.board.restore_link()

    lost(done)
    assert done.stderr.endswith(
        "  'plain' was being started: the target goes on without us\n"
        f"  hint: look what runs there: container-status {place.alias} plain\n"
    )
    assert place.facts()["version"] == "v2"
    assert place.deployed("plain", "v2")["result"] == "unchanged"


@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
@pytest.mark.parametrize("kind", ["podman", "crun"])
def test_deployer_is_stopped_at_any_moment(at: At, kind: str, name: str) -> None:
    """Ctrl-C says so and exits with 130; a kill says nothing. The board is fine after both."""
    place = at(kind)
    place.deployed()
    for delay in (0.2, 0.4, 0.6, 0.8, 1.1):
        process = place.cli.start(*place.words("hello-http", "v2"))
        time.sleep(delay)  # the moment is the point
        os.killpg(process.pid, signal.Signals[name])
        done = finish(process, 20)
        assert done.status in ({0, 130} if name == "SIGINT" else {0, -9})
        assert "Traceback" not in done.stderr
        if done.status == 130:
            assert done.stderr.endswith("error: interrupted\n")
        assert wait(lambda: place.get() in (OLD, NEW))

    wait(lambda: not place.processes("./switch"), 20)
    place.deployed("hello-http", "v2")
    assert place.get() == NEW


def sockets_of(group: int) -> set[str]:
    """Directories of connections of the process group: other tests have some, too."""
    argv = ["ps", "-o", "args=", "-g", str(group)]
    listed = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"/tmp/dtc-\w+", listed))


def test_interrupted_transfer_leaves_no_connection(crun: Place) -> None:
    """Ctrl-C while a layer is sent: ssh's master ends too, and its socket is gone."""
    before = connections(crun)  # not always none: who was cut off keeps a half of a connection for a while
    crun.board.slow_link(800_000)
    process = crun.cli.start(*crun.words("hello-http", "v1"))
    wait(lambda: crun.processes("tar -xf") and sockets_of(process.pid))  # a tar may be of who was cut off
    sockets = sockets_of(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    done = finish(process, 20)
    crun.board.restore_link()

    assert done.status == 130
    wait(lambda: not connections(crun) - before)
    wait(lambda: not crun.processes("tar -xf"))
    assert not [socket for socket in sockets if os.path.exists(socket)]
    assert crun.sh(f"ls -A {STATE}/layers | grep -c new || true") == "0\n"
    crun.deployed()
