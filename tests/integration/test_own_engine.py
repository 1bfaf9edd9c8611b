"""docker and containerd as an ordinary user's own: what works as anywhere, and what can't in there."""

from collections.abc import Callable

import pytest
from lab.engines import KIT

from .place import Place

pytestmark = pytest.mark.integration
WHOSE = "docker of an ordinary user of 'BOARD'"


@pytest.fixture
def own(at: Callable[[str], Place]) -> Place:
    """A board whose docker is the ordinary user's, on which nothing is deployed."""
    return at("docker-user")


def told(place: Place, *words: str) -> str:
    """What a deployment that is refused prints; nothing of it is left."""
    done = place.deploy("plain", "v1", *words)
    assert done.status == 1
    assert not [name for name in place.files() if "plain" in name]
    return place.normal(done.stderr)


def test_it_is_found_and_has_its_application_again_after_a_reboot(own: Place) -> None:
    before = own.images()
    done = own.deploy()
    assert done.status == 0, done.stderr
    assert "here only docker of root can limit resources: there are no limits\n" in done.stderr
    assert "note: it starts at boot when docker of this login does\n" in done.stderr
    assert own.get() == "hello from a container, version 1\n"

    second = own.deployed(version="v2")
    assert (second["stack"], second["sent"]["layers"]) == ("docker", 1)
    assert own.deployed("hello-http", "v1", "--rollback")["result"] == "rolled back"
    own.board.reboot()
    assert own.get(patience=20) == "hello from a container, version 1\n"
    assert own.deployed()["result"] == "unchanged"
    assert own.state("hello-http")["state"] == "running"

    assert own.undeploy("hello-http").status == 0
    assert own.silent()
    assert own.images() == before


def test_the_network_of_the_target_is_refused(own: Place) -> None:
    assert told(own, "--network", "host") == (
        f"error: {WHOSE} can't give a container its network [no-network]\n"
        "  its daemon has a network namespace of its own\n"
        "  hint: leave out network: host, and say which ports: it has\n"
    )


def test_a_device_that_is_for_all_can_have_another_path(own: Place) -> None:
    node = "rm -f /dev/one; mknod -m {} /dev/one c 10 229; chgrp 1000 /dev/one".format
    assert own.board.run(("sh", "-c", node("660"))).returncode == 0
    assert told(own, "--device", "/dev/one:/dev/given") == (
        f"error: {WHOSE} can't let a container open '/dev/one' [device-access]\n"
        "  its mode is 0660, and groups of the login do not count in there\n"
        "  hint: let a udev rule open it for all (MODE=), or log in as root\n"
    )
    assert own.board.run(("sh", "-c", node("666"))).returncode == 0
    own.deployed("plain", "v1", "--device", "/dev/one:/dev/given")
    assert own.facts()["device"] == "open"


@pytest.mark.parametrize("stack", ["docker-user", "containerd-user"])
def test_a_port_for_root_is_refused(stack: str, at: Callable[[str], Place]) -> None:
    assert told(at(stack), "--port", "80:8090") == (
        "error: port 80 of 'BOARD' is not for an ordinary user [low-port]\n"
        "  sysctl net.ipv4.ip_unprivileged_port_start is 1024\n"
        "  hint: log in as root, or choose a higher one: ports: in container.yaml\n"
    )


@pytest.fixture
def kit(at: Callable[[str], Place]) -> Place:
    """A board whose containerd is the ordinary user's, in namespaces of rootlesskit."""
    return at("containerd-user")


CONTAINERD = "containerd of an ordinary user of 'BOARD'"
START = "cd ~/.local/share/devtool-containers/apps/hello-http && read -r id <current && sh $id/start"


def test_containerd_behind_rootlesskit_has_its_ports_and_loses_nothing(kit: Place) -> None:
    before = kit.images()
    done = kit.deploy()
    assert done.status == 0, done.stderr
    assert "here only containerd of root can limit resources: there are no limits\n" in done.stderr
    assert "note: nothing here starts it again at boot\n" in done.stderr
    assert kit.get() == "hello from a container, version 1\n"
    assert kit.deployed()["result"] == "unchanged"

    second = kit.deployed(version="v2")
    assert (second["stack"], second["sent"]["layers"]) == ("containerd", 1)
    assert kit.deployed("hello-http", "v1", "--rollback")["result"] == "rolled back"
    assert kit.get() == "hello from a container, version 1\n"
    assert kit.status("hello-http", "--logs").stdout.endswith("hello-http 1 listens on port 8080\n")

    # its monitor starts what ran, and nothing leads there until our script has told rootlesskit
    kit.board.reboot()
    assert kit.silent()
    assert kit.state("hello-http")["state"].startswith("stopped")
    kit.sh(START)
    assert kit.get() == "hello from a container, version 1\n"
    assert kit.state("hello-http")["health"] == "healthy"

    assert kit.undeploy("hello-http").status == 0
    assert kit.silent()
    assert kit.images() == before
    assert "8080" not in kit.sh(f"rootlessctl --socket={KIT}/api.sock list-ports")


def test_a_volume_of_its_users_goes_when_told(kit: Place) -> None:
    kit.deployed("tester")
    assert kit.facts()["owner"] == "65532:65532"
    assert kit.undeploy("tester", "--volumes").status == 0
    assert [name for name in kit.files() if "data" in name] == []


def test_a_port_is_moved_by_plugins_within_its_network(kit: Place) -> None:
    kit.deployed("plain", "v1", "--port", "8091:8090")
    assert kit.facts(8091)["greeting"] == "hi"
    assert kit.undeploy("plain").status == 0
    assert kit.silent(8091)
