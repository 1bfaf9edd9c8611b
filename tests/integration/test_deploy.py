"""A deployment to every stack: it answers, little is sent, it can be taken back and away."""

from collections.abc import Callable

import pytest
from lab import NamespaceTarget

from .conftest import DEPLOYED, found
from .place import Place
from .tester import Cli

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", params=DEPLOYED)
def stack(request: pytest.FixtureRequest, cli: Cli, start_board: Callable[[str], NamespaceTarget]) -> Place:
    """Also with a runtime that is nothing but a plugin, and as an ordinary user."""
    return found(request.param, cli, start_board)


def test_first_deploy_answers_and_second_sends_nothing(place: Place) -> None:
    first = place.deployed()
    assert (first["result"], first["stack"]) == ("deployed", "none" if place.raw else place.engine)
    assert first["sent"]["layers"] == 3
    assert place.get() == "hello from a container, version 1\n"

    with place.metered() as link:
        again = place.deployed()
    assert (again["result"], again["digest"]) == ("unchanged", first["digest"])
    assert link.received < 11_000
    assert place.board.sshd == "openssh" or link.total < 14_500  # OpenSSH's own handshake takes 7 KB


def test_changed_program_sends_its_layer_only(place: Place) -> None:
    with place.metered() as first:
        place.deployed()
    with place.metered() as second:
        record = place.deployed(version="v2")

    assert place.get() == "hello from a container, version 2\n"
    assert record["sent"]["layers"] == 1
    assert first.received > 500_000
    assert second.received < 40_000


def test_rollback_brings_the_one_before(place: Place) -> None:
    old = place.deployed()
    place.deployed(version="v2")

    with place.metered() as link:
        back = place.deployed("hello-http", "v1", "--rollback")
    assert (back["result"], back["digest"]) == ("rolled back", old["digest"])
    assert place.get() == "hello from a container, version 1\n"
    assert link.received < 11_500
    place.deployed("hello-http", "v1", "--rollback")
    assert place.get() == "hello from a container, version 2\n"


def test_rollback_needs_one_before(place: Place) -> None:
    place.deployed()

    done = place.deploy("hello-http", "v1", "--rollback")
    assert (done.status, done.stdout) == (1, "")
    assert place.normal(done.stderr) == (
        "error: 'BOARD' has no earlier deployment of 'hello-http' [no-previous]\n"
        "  hint: only the one before the current one is kept\n"
    )
    assert place.get() == "hello from a container, version 1\n"


def test_undeploy_leaves_nothing(place: Place) -> None:
    before = place.images()
    place.deployed("tester")
    place.deployed("tester", "v2")

    done = place.undeploy("tester")
    assert (done.status, place.table(done.stdout)) == (0, [["TARGET", "RESULT"], ["BOARD", "removed"]])
    assert place.silent(8090)
    assert place.images() == before
    assert [name for name in place.files() if name.startswith(("apps/", "layers/", "claims/"))] == []
    assert not place.processes("tester") + place.processes("httpd") + place.processes("supervise")
    again = place.undeploy("tester")
    assert (again.status, place.normal(again.stderr)) == (
        1,
        (
            "error: 'BOARD' has no container 'tester' of ours [not-deployed]\n"
            "  hint: see what it has: container-status BOARD\n"
        ),
    )


def test_volume_outlives_undeploy_unless_told(place: Place) -> None:
    # mounted nosuid,nodev, which in a user namespace has to stay; rootlesskit's /run is a copy of its own
    assert place.board.run(("mkdir", "-p", "/run/shown")).returncode == 0
    place.deployed("tester", "v1", *(() if place.own else ("--volume", "/run/shown:/shown:ro")))
    place.undeploy("tester")
    place.deployed("tester", "v2")
    assert place.facts()["starts"] == "2"

    place.undeploy("tester", "--volumes")
    place.deployed("tester")
    assert place.facts()["starts"] == "1"


def test_engine_keeps_current_and_previous_only(place: Place) -> None:
    """After many deployments there are two images, and the one after the other is thrown away."""
    for number, version in enumerate(("v1", "v2", "v1", "v2")):
        place.deployed("hello-http", version, "--env", f"NUMBER={number}")

    assert len([name for name in place.files() if name.count("/") == 1 and name.startswith("apps/")]) == 1
    deployments = [n for n in place.files() if n.endswith("/deployment.json")]
    assert len(deployments) == 2
    if place.raw:
        assert len(place.images()) == 4  # two shared, and the application's own twice
    elif place.engine != "containerd":
        assert len(set(place.images())) == 2
    else:
        names = [name for name in place.images() if "/" in name]
        assert len(names) == 3  # by digest twice, and by the tag


def test_two_names_live_side_by_side(place: Place) -> None:
    place.deployed("tester")
    place.deployed("tester", "v2", "--name", "other", "--env", "PORT=8091", "--port", "8091")

    assert (place.facts()["version"], place.facts(8091)["version"]) == ("v1", "v2")
    names = [one["name"] for one in place.status("--format", "json").json()]
    assert names == ["other", "tester"]
    place.undeploy("other")
    assert place.facts()["version"] == "v1"
    assert place.deployed("tester")["result"] == "unchanged"
