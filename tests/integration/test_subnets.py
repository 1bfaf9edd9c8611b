"""Networks of containers stay out of the way of what the target and other applications have."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .app import App
from .place import Place

pytestmark = pytest.mark.integration
At = Callable[[str], Place]
ONE = "name: {name}\ncontainers: {{box: {{image: plain, ports: ['{port}:8090']}}}}\nnetworks: {{n: {said}}}\n"
INTERNAL = "{internal: true}"


def app(place: Place, directory: Path, said: str, name: str = "net", port: int = 8091) -> App:
    """An application with one network that *said* describes."""
    return App(place, directory / f"{name}.yaml", ONE.format(name=name, port=port, said=said))


def refused(place: Place, it: App) -> str:
    """What is said to a deployment for which nothing is sent, and after which all is as before."""
    before = place.files(), place.sh("ip -o addr; ip route")
    with place.metered() as link:
        done = it.deploy()
    assert done.status == 1
    assert link.received < 20_000
    assert (place.files(), place.sh("ip -o addr; ip route")) == before
    return place.normal(done.stderr)


@pytest.mark.parametrize("stack", ["crun", "containerd", "docker", "podman"])
def test_the_subnet_of_an_interface_is_refused(at: At, stack: str, tmp_path: Path) -> None:
    """With it the board would take the gateway's address for its own, and be reached no more."""
    place = at(stack)
    number = place.board.slot.number
    text = refused(place, app(place, tmp_path, f"{{subnet: 10.213.{number}.0/24}}"))

    assert text == (
        f"error: the network 'net.n' can't have the subnet 10.213.{number}.0/24 on 'BOARD' [subnet-in-use]\n"
        f"  eth0 has 10.213.{number}.0/30\n"
        "  hint: choose one that nothing there has: subnet: in container.yaml\n"
    )


@pytest.fixture
def routed(crun: Place) -> Iterator[Place]:
    """A board behind whose interface there is more than its own subnet."""
    yield crun
    crun.sh("for r in 10.64.0.0/10 172.16.0.0/12; do ip route del $r 2>/dev/null; done; "
            "ip addr del 10.9.7.5/32 dev lo 2>/dev/null; true")  # fmt: skip


def test_what_a_route_leads_to_and_an_address_alone_are_refused(routed: Place, tmp_path: Path) -> None:
    routed.sh(f"ip route add 10.64.0.0/10 via {routed.board.host_address}; ip addr add 10.9.7.5/32 dev lo")

    assert "  eth0 has 10.64.0.0/10\n" in refused(routed, app(routed, tmp_path, "{subnet: 10.70.1.0/24}"))
    text = refused(routed, app(routed, tmp_path, "{subnet: 10.9.7.0/24}"))
    assert "  the target itself has 10.9.7.5/32\n" in text


def test_without_a_subnet_one_is_picked_that_is_free(routed: Place, tmp_path: Path) -> None:
    it = app(routed, tmp_path, "{}")
    it.deployed()
    first = address(routed)
    routed.undeploy("net")
    assert first.startswith("10.")

    routed.sh(f"ip route add 10.64.0.0/10 via {routed.board.host_address}")
    it.deployed()
    second = address(routed)
    assert second.startswith(("172.", "192.168."))
    assert it.deployed()["result"] == "unchanged"
    it.deployed("v2")
    assert address(routed) == second


@pytest.mark.parametrize("stack", ["crun", "docker", "podman"])
def test_two_applications_have_no_subnet_together(at: At, stack: str, tmp_path: Path) -> None:
    place = at(stack)
    one = app(place, tmp_path, "{subnet: 10.200.1.0/24}", "one")
    one.deployed()
    text = refused(place, app(place, tmp_path, "{subnet: 10.200.0.0/16}", "two", 8092))

    assert text.splitlines()[0] == (
        "error: the network 'two.n' can't have the subnet 10.200.0.0/16 on 'BOARD' [subnet-in-use]"
    )
    one.deployed("v2")
    one.change("10.200.1.0/24", "10.200.0.0/16")
    one.deployed("v2")
    assert place.facts(8091)["addresses"].split()[1].startswith("10.200.")


def test_an_interface_that_is_not_there_is_told_before(crun: Place, tmp_path: Path) -> None:
    it = app(crun, tmp_path, "{driver: macvlan, parent: eth7, subnet: 10.9.0.0/24}")
    it.change("'8091:8090'", "8090")

    assert refused(crun, it) == (
        "error: 'BOARD' has no interface 'eth7' for the network 'net.n' [no-interface]\n"
        "  hint: name one that it has: parent: in container.yaml\n"
    )


def address(place: Place) -> str:
    """Of the container."""
    return next(a for a in place.facts(8091)["addresses"].split() if not a.startswith("127."))
