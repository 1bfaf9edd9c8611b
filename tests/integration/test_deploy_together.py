"""Several deployments to one target at once, and locks that dead ones leave."""

import os
from collections.abc import Callable

import pytest

from .place import STATE, Place, finish, wait

pytestmark = pytest.mark.integration
At = Callable[[str], Place]


def race(place: Place, *lines: tuple[str, ...]) -> list[int]:
    """Start all at once; the exit status of each."""
    running = [place.cli.start(*line) for line in lines]
    ended = [finish(process) for process in running]
    for done in ended:
        assert "Traceback" not in done.stderr
        assert done.status == 0 or "[busy]" in done.stderr, done.stderr
    return [done.status for done in ended]


def consistent(place: Place, name: str) -> None:
    """What is recorded as current is what runs, and nothing of the race is left."""
    state = place.state(name)
    assert (state["state"], state["health"]) == ("running", "healthy")
    assert place.remains() == []
    assert len([path for path in place.files() if path.endswith("/deployment.json")]) <= 2


@pytest.mark.parametrize("kind", ["podman", "docker", "containerd", "crun"])
def test_two_versions_at_once(at: At, kind: str) -> None:
    """One after the other: both come up, the last one stays."""
    place = at(kind)
    assert race(place, place.words("tester", "v1"), place.words("tester", "v2")) == [0, 0]

    consistent(place, "tester")
    current = place.state("tester")["digest"]
    answer = place.facts()["version"]
    assert place.deployed("tester", answer)["result"] == "unchanged"
    assert place.deployed("tester", answer)["digest"] == current
    place.deployed("tester", "v1" if answer == "v2" else "v2", "--rollback")
    assert place.facts()["version"] != answer


@pytest.mark.parametrize("kind", ["podman", "crun"])
def test_same_version_at_once(at: At, kind: str) -> None:
    """The same layers arrive twice, and the same deployment is made twice."""
    place = at(kind)
    assert race(place, *[place.words("hello-http", "v1")] * 3) == [0, 0, 0]

    consistent(place, "hello-http")
    assert place.get() == "hello from a container, version 1\n"
    if place.raw:
        assert len(place.images()) == 3, place.images()
        assert place.sh(f"ls -d {STATE}/layers/*/root 2>/dev/null || true") == ""
        assert len(place.processes("crun run")) == 1


def test_two_applications_at_once(crun: Place) -> None:
    """Neither removes layers that the other has sent."""
    assert race(crun, crun.words("tester", "v1"), crun.words("hello-http", "v1")) == [0, 0]

    consistent(crun, "tester")
    consistent(crun, "hello-http")


@pytest.mark.parametrize("owner", ["99999 boot-id-of-last-week", ""])
def test_turn_of_the_dead(crun: Place, owner: str) -> None:
    """The power was cut while a deployment went on; or even before it could say whose turn it is."""
    crun.deployed()
    turn = f"{STATE}/apps/hello-http/.turn-7"
    crun.sh(f"mkdir {turn}; [ -z '{owner}' ] || echo '{owner}' >{turn}/owner")

    crun.deployed("hello-http", "v2")
    assert crun.get() == "hello from a container, version 2\n"
    consistent(crun, "hello-http")


GONE = """\
error: the image of that deployment of {!r} is gone from 'BOARD' [image-gone]
  what runs there goes on
  hint: deploy it again
"""
LIVING = 'read -r boot </proc/sys/kernel/random/boot_id; echo "1 $boot" >'


def test_turn_of_the_living(crun: Place) -> None:
    """A deployment waits for another one, and goes on when it is done."""
    crun.deployed()
    turn = f"{STATE}/apps/hello-http/.turn-1"
    crun.sh(f"mkdir {turn}; {LIVING}{turn}/owner")
    process = crun.cli.start(*crun.words("hello-http", "v2"))
    wait(lambda: crun.processes("./switch"))
    assert crun.get() == "hello from a container, version 1\n"

    crun.sh(f"rm -rf {turn}")
    done = finish(process)
    assert done.status == 0
    assert "BOARD: waiting for another deployment of this container\n" in crun.normal(done.stderr)
    assert crun.get() == "hello from a container, version 2\n"


def test_last_one_asked_for_is_the_one_that_stays(crun: Place) -> None:
    """Those that wait for their turn get it in the order in which they asked, whatever they ask for."""
    crun.deployed("plain")
    turn = f"{STATE}/apps/plain/.turn-1"
    crun.sh(f"mkdir {turn}; {LIVING}{turn}/owner")
    lines = [crun.words("plain", "v2"), crun.words("plain", "v1", "--env", "A=1"), crun.words("plain", "v2")]
    running = []
    for line in lines:
        running.append(crun.cli.start(*line))
        assert wait(lambda: len(crun.processes("./switch")) == len(running))

    crun.sh(f"rm -rf {turn}")
    assert [finish(process).status for process in running] == [0, 0, 0]
    assert crun.facts()["version"] == "v2"
    assert crun.remains() == []


def test_removal_waits_for_the_deployment_that_goes_on(crun: Place) -> None:
    process = crun.cli.start(*crun.words("plain", "v1"))
    assert wait(lambda: crun.processes("./switch"))
    done = crun.undeploy("plain")
    assert (done.status, finish(process).status) == (0, 0), done.stderr
    assert crun.processes("crun run") == []
    assert crun.sh(f"ls {STATE}/apps") == ""


def waiting(place: Place, name: str) -> str:
    """Make all that changes *name* wait; gives what lets it go on."""
    turn = f"{STATE}/apps/{name}/.turn-1"
    place.sh(f"umask 077; mkdir -p {turn}; {LIVING}{turn}/owner")
    return f"rm -rf {turn}"


ENGINES = [*(["podman", "docker", "containerd"] if os.environ.get("GUESTS") else []), "crun"]


@pytest.mark.parametrize("kind", sorted({"podman", *ENGINES}))
def test_the_first_of_two_fails(at: At, kind: str) -> None:
    """What it takes along is the image of the second, which was all there when that was asked for."""
    place = at(kind)
    go_on = waiting(place, "plain")
    crash = place.cli.start(*place.words("plain", "v1", "--env", "MODE=crash", "--restart", "no"))
    assert wait(lambda: len(place.processes("./switch")) == 1)
    sound = place.cli.start(*place.words("plain", "v1"))
    assert wait(lambda: len(place.processes("./switch")) == 2)

    place.sh(go_on)
    assert (finish(crash).status, finish(sound).status) == (1, 0)
    assert place.facts()["version"] == "v1"
    assert place.remains() == []


@pytest.mark.parametrize("kind", ENGINES)
def test_what_was_sent_goes_meanwhile(at: At, kind: str) -> None:
    """It is gone when its turn comes, and is sent after all."""
    place = at(kind)
    go_on = waiting(place, "plain")
    process = place.cli.start(*place.words("plain", "v1"))
    assert wait(lambda: place.processes("./switch"))
    if kind == "crun":
        place.sh(f"rm -rf {STATE}/layers/sha256-*")
    else:
        name = place.sh(f"cat {STATE}/apps/plain/.new-*/image").strip()
        remove = {"containerd": "ctr images rm --sync"}.get(kind, f"{kind} rmi -f")
        place.sh(f"{remove} {name}")

    place.sh(go_on)
    done = finish(process)
    assert done.status == 0, done.stderr
    assert "BOARD: what was there has been taken away: sending it again\n" in place.normal(done.stderr)
    assert place.facts()["version"] == "v1"
    assert place.remains() == []


@pytest.mark.parametrize("kind", ENGINES)
def test_deployment_after_a_removal_that_goes_on(at: At, kind: str) -> None:
    """It was asked for later, so it is what is there in the end."""
    place = at(kind)
    place.deployed("plain")
    go_on = waiting(place, "plain")
    removal = place.cli.start("container-undeploy", "plain", place.alias, *place.ssh)
    assert wait(lambda: place.sh(f"ls -d {STATE}/apps/plain/.turn-2 2>/dev/null || true"))
    second = place.cli.start(*place.words("plain", "v2"))
    assert wait(lambda: place.processes("./switch"))

    place.sh(go_on)
    assert (finish(removal).status, finish(second).status) == (0, 0)
    assert place.facts()["version"] == "v2"
    assert place.remains() == []
    assert len([path for path in place.files() if path.endswith("/deployment.json")]) == 1


def test_rollback_to_what_goes_meanwhile(crun: Place) -> None:
    crun.deployed("plain", "v1")
    crun.deployed("plain", "v2")
    go_on = waiting(crun, "plain")
    third = crun.cli.start(*crun.words("plain", "v2", "--env", "A=1"))
    assert wait(lambda: len(crun.processes("./switch")) == 1)
    back = crun.cli.start(*crun.words("plain", "v1", "--rollback"))
    assert wait(lambda: len(crun.processes("./switch")) == 2)

    crun.sh(go_on)
    assert finish(third).status == 0
    done = finish(back)
    assert done.status == 1
    assert crun.normal(done.stderr).endswith(GONE.format("plain")), done.stderr
    assert crun.facts()["version"] == "v2"


def test_layers_that_go_again_and_again(crun: Place) -> None:
    """It says so at last, and what runs still runs."""
    crun.deployed("plain", "v1")
    own = f"grep -q ${{l##*-}} {STATE}/apps/plain/*/layers"
    take = f"for l in {STATE}/layers/sha256-*; do {own} || rm -rf $l; done"
    taker = crun.sh(f"(while sleep 0.02; do {take}; done) >/dev/null 2>&1 & echo $!")
    try:
        done = crun.deploy("hello-http", "v1")
    finally:
        crun.sh(f"kill {taker}")
    assert crun.normal(done.stderr).endswith(GONE.format("hello-http")), done.stderr
    assert crun.facts()["version"] == "v1"
