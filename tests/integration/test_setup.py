"""docker is set up for a runtime that it does not know, and that is taken back."""

import json
from collections.abc import Callable

import pytest
from lab.fixtures import MakeBoard
from lab.host import find_program

from .place import STATE, Place
from .test_pflask import install
from .tester import Cli

pytestmark = pytest.mark.integration

CONFIG = "/etc/docker/daemon.json"
OWN = '{"log-level": "warn", "runtimes": {"mine": {"path": "runc"}}}'


@pytest.fixture
def docker(make_board: MakeBoard, cli: Cli) -> Place:
    """With crun, which its daemon has not been told of, and a configuration of its owner."""
    board = make_board("docker", "dropbear")
    crun = find_program("crun")
    if crun is None:
        pytest.skip("crun is not installed: apt-get install crun")
    install(board, crun, "/usr/sbin/crun")
    place = Place(board, cli)
    place.sh(f"mkdir -p /etc/docker; echo '{OWN}' >{CONFIG}; chmod 600 {CONFIG}")
    return place


@pytest.fixture
def started(docker: Place) -> str:
    """The number of its daemon."""
    return docker.sh("cat /run/docker.pid")


def test_it_is_shown_done_and_undone(docker: Place, started: str) -> None:
    done = docker.deploy("hello-http", "v1", "--runtime", "crun")
    assert (done.status, docker.normal(done.stderr)) == (
        1,
        "error: docker on 'BOARD' can't use the runtime 'crun' [unknown-runtime]\n"
        "  its daemon.json has no entry for crun\n"
        "  hint: let it be set up there: --setup; "
        "or choose another one with --runtime, or another stack with --stack\n",
    )
    shown = docker.deploy("hello-http", "v1", "--runtime", "crun", "--setup", "--dry-run").stdout
    assert '"path": "crun"' in shown
    assert "kill -HUP" in shown
    assert docker.sh(f"cat {CONFIG}; ls {STATE} 2>/dev/null || true") == f"{OWN}\n"

    docker.deployed("hello-http", "v1", "--runtime", "crun", "--setup")
    assert docker.get() == "hello from a container, version 1\n"
    assert docker.sh("docker inspect --format '{{.HostConfig.Runtime}}' hello-http") == "crun\n"
    runtimes = {"crun": {"path": "crun"}, "mine": {"path": "runc"}}
    assert json.loads(docker.sh(f"cat {CONFIG}")) == {"log-level": "warn", "runtimes": runtimes}
    assert docker.sh(f"stat -c %a {CONFIG}; cat /run/docker.pid") == f"600\n{started}", (
        "it was not started again"
    )
    docker.deployed("hello-http", "v2", "--runtime", "crun", "--setup")
    assert docker.sh(f"ls {STATE}/setup") == "1\n", "what is there is not done again"

    undone = docker.undeploy("hello-http", "--undo-setup")
    assert docker.normal(undone.stderr) == "BOARD: docker is no longer set up for crun\n"
    assert docker.sh(f"stat -c %a {CONFIG}; cat {CONFIG}; ls {STATE}") == f"600\n{OWN}\napps\n"
    assert "crun" not in docker.sh("docker info --format '{{json .Runtimes}}'")


def test_what_is_used_or_was_changed_since_stays(docker: Place) -> None:
    docker.deployed("hello-http", "v1", "--runtime", "crun", "--setup")
    docker.deployed("tester", "v1", "--runtime", "crun", "--setup")
    kept = docker.undeploy("tester", "--undo-setup").stderr
    assert docker.normal(kept).startswith("BOARD: docker stays set up for crun: hello-http/")
    docker.deployed("hello-http", "v2", "--runtime", "crun")

    docker.sh(f"echo '{{}}' >{CONFIG}")
    changed = docker.undeploy("hello-http", "--undo-setup").stderr
    assert docker.normal(changed) == (
        f"BOARD: {CONFIG} was changed since: what was added for crun stays in it\n"
    )
    assert docker.sh(f"cat {CONFIG}") == "{}\n"


def test_an_ordinary_users_own_daemon_is_set_up(at: Callable[[str], Place]) -> None:
    """In its own configuration; root's is not touched."""
    own = at("docker-user")
    crun = find_program("crun")
    if crun is None:
        pytest.skip("crun is not installed: apt-get install crun")
    install(own.board, crun, "/usr/sbin/crun")
    before = own.sh("cat /run/user/1000/docker.pid")
    done = own.deploy("hello-http", "v1", "--runtime", "crun", "--setup")
    file = "/home/user/.config/docker/daemon.json"
    assert json.loads(own.sh(f"cat {file}")) == {"runtimes": {"crun": {"path": "crun"}}}, done.stderr
    assert "crun" in own.sh("docker info --format '{{json .Runtimes}}'")
    assert own.sh("cat /run/user/1000/docker.pid") == before
    assert done.status == 0, done.stderr

    undone = own.undeploy("hello-http", "--undo-setup")
    assert own.normal(undone.stderr) == "BOARD: docker is no longer set up for crun\n"
    assert own.sh(f"ls {file} 2>/dev/null || echo none") == "none\n"
    assert "crun" not in own.sh("docker info --format '{{json .Runtimes}}'")


@pytest.mark.parametrize(("text", "why"), [("[]", "it is no object"), ("{", "Expecting property name")])
def test_a_configuration_that_cannot_be_understood_is_left_alone(docker: Place, text: str, why: str) -> None:
    docker.sh(f"echo '{text}' >{CONFIG}")
    done = docker.deploy("hello-http", "v1", "--runtime", "crun", "--setup")

    assert docker.normal(done.stderr).startswith(
        f"error: {CONFIG} on 'BOARD' is not JSON that can be added to [bad-config]\n  {why}"
    )
    assert docker.sh(f"cat {CONFIG}; ls {STATE} 2>/dev/null || true") == f"{text}\n"


def test_what_does_not_hold_is_put_back(docker: Place) -> None:
    """The daemon reads another file."""
    docker.sh("rm -f /run/docker.pid")
    done = docker.deploy("hello-http", "v1", "--runtime", "crun", "--setup")

    assert docker.normal(done.stderr).splitlines()[2] == (
        "error: docker on 'BOARD' could not be set up for crun [setup-failed]"
    )
    assert "  its daemon.json has no entry for crun\n  hint: what was changed was put back\n" in done.stderr
    assert docker.sh(f"cat {CONFIG}; ls {STATE} 2>/dev/null || true") == f"{OWN}\n"
