"""docker as an ordinary user's own daemon: what works as anywhere, and what can't in its namespaces."""

from collections.abc import Callable

import pytest

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


def test_a_port_for_root_is_refused(own: Place) -> None:
    assert told(own, "--port", "80:8090") == (
        "error: port 80 of 'BOARD' is not for an ordinary user [low-port]\n"
        "  sysctl net.ipv4.ip_unprivileged_port_start is 1024\n"
        "  hint: log in as root, or choose a higher one: ports: in container.yaml\n"
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


def test_containerd_in_such_namespaces_is_refused_with_the_reason(own: Place) -> None:
    assert "  there is no /run/containerd/containerd.sock\n" in told(own, "--stack", "containerd")
    kit = "rootlesskit --state-dir=/run/user/1000/containerd-rootless sleep 60 </dev/null >/dev/null 2>&1 &"
    own.sh(f"{kit} until [ -s /run/user/1000/containerd-rootless/child_pid ]; do sleep 0.1; done")
    try:
        assert told(own, "--stack", "containerd") == (
            "error: containerd on 'BOARD' does not answer [engine-not-running]\n"
            "  rootless containerd is not supported: rootlesskit forwards no ports to what ctr starts in its "
            "namespaces\n"
            "  hint: start it there, or log in as a user who may use it; or choose what is there: "
            "--stack docker or --stack none\n"
        )
    finally:
        own.kill("rootlesskit --state-dir=/run/user/1000/containerd-rootless")
