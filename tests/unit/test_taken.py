"""What is taken of a target's networks, by what the kernel says of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sdk_hooks import Network, Port, Settings
from sdk_hooks.core import cni
from sdk_hooks.core.deploy import subnets, taken
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.deploy.taken import Taken
from sdk_hooks.core.registry import load
from sdk_hooks.image import Image
from sdk_hooks.testing import TARGET

from .helpers import fails

OURS = load()
BOARD = replace(TARGET, name="board")
ROUTES = [
    "Iface Destination Mask",
    "eth0 00000000 00000000",
    "eth0 0004D50A FCFFFFFF",
    "dtc1 0001C80A 00FFFFFF",
]
FACTS = {
    "route": ROUTES,
    "local": ["127.0.0.1", "10.213.4.2", "10.213.4.2", "10.9.7.5"],
    "held": ["a subnet 10.200.1.0/24", "b subnet 10.201.0.0/16", "a interface can0", "b interface can1"],
    "absent": ["can0", "can1"],
}


def said(found: Taken, *bridges: str) -> list[str]:
    return [f"{claim.by}: {claim.subnet}" for claim in (*found.routed(bridges), *found.others)]


def part(*networks: Network) -> Part:
    return Part(Image.__new__(Image), Settings(networks=networks))


def settle(found: Taken, *networks: Network, stack: str = "none") -> list[Network]:
    made = subnets.settled((part(*networks),), OURS.network, OURS.stack(stack), BOARD, found)
    return list(made[0].settings.networks)


def test_routes_addresses_and_other_applications_are_taken() -> None:
    found = taken.answer(FACTS, "b")

    assert said(found) == [
        "eth0: 10.213.4.0/30",
        "dtc1: 10.200.1.0/24",
        "the target itself: 10.9.7.5/32",
        "the application 'a': 10.200.1.0/24",
    ]
    assert found.absent == {"can0"}  # b itself has taken the other one away


def test_ones_own_networks_are_not_in_the_way() -> None:
    assert "dtc1: 10.200.1.0/24" not in said(taken.answer(FACTS, "a"))
    assert "dtc1: 10.200.1.0/24" not in said(taken.answer({"route": ROUTES}, "x"), "dtc1")


def test_on_a_processor_with_the_other_order_of_bytes() -> None:
    big = {"route": ["eth0 0AD50400 FFFFFFFC", "eth0 0A400000 FFC00000"]}

    assert said(taken.answer(big, "x")) == ["eth0: 10.213.4.0/30", "eth0: 10.64.0.0/10"]


def test_of_ipv6_what_every_interface_has_is_left_out() -> None:
    zero = "0" * 32
    lines = [
        f"eth0 fd000001{zero[:24]} 40",
        f"eth0 fe80{zero[:28]} 40",
        f"eth0 ff00{zero[:28]} 08",
        f"eth0 {zero} 00",
        f"lo {zero[:31]}1 80",
    ]
    assert said(taken.answer({"route6": lines}, "x")) == ["eth0: fd00:1::/64"]


def test_the_target_is_asked_only_for_who_wants_a_network() -> None:
    assert taken.question([Settings(ports=(Port(80, 80),))]) == ""
    assert "/proc/net/route" in taken.question([Settings(ports=(Port(80, 8080),))])
    text = taken.question([Settings(networks=(Network("n", subnet="fd00::/64", parent="eth1"),))])
    assert "ipv6_route" in text
    assert "[ -e /sys/class/net/eth1 ] || echo absent eth1\n" in text


def test_a_subnet_is_picked_that_nobody_has() -> None:
    network = Network("web.default")
    first, second = list(cni.candidates(network))[:2]
    whole = {"route": ["tun0 0000400A 0000C0FF"]}  # 10.64.0.0/10

    assert settle(Taken(), network) == [network]
    held = taken.answer({"held": [f"b subnet {first}"]}, "web")
    assert settle(held, network) == [replace(network, subnet=second)]
    assert settle(held, network, stack="docker") == [network]
    [found] = settle(taken.answer(whole, "web"), network)
    assert found.subnet.startswith(("172.", "192.168."))
    everything = taken.answer({"route": ["t 00000000 00000080", "t 00000080 00000080"]}, "web")
    with fails(
        "no private subnet of 'board' is free for the network 'web.default' [no-network]\n"
        "  hint: name one: subnet: in container.yaml"
    ):
        settle(everything, network)


@pytest.mark.parametrize(
    ("networks", "clash"),
    [
        ([Network("x.n", subnet="10.213.0.0/16")], "eth0 has 10.213.4.0/30"),
        ([Network("x.n", subnet="10.201.7.0/24")], "the application 'b' has 10.201.0.0/16"),
        (
            [Network("x.n", subnet="10.9.0.0/24"), Network("x.m", subnet="10.9.0.0/25")],
            "the network 'x.m' has 10.9.0.0/25",
        ),
    ],
)
def test_a_subnet_that_somebody_has_is_refused(networks: list[Network], clash: str) -> None:
    with fails(
        f"the network 'x.n' can't have the subnet {networks[0].subnet} on 'board' [subnet-in-use]\n"
        f"  {clash}\n  hint: choose one that nothing there has: subnet: in container.yaml"
    ):
        settle(taken.answer(FACTS, "x"), *networks)


def test_a_network_that_is_outside_may_have_an_interfaces_subnet() -> None:
    field = Network("x.f", "macvlan", "10.213.4.0/24", parent="eth0")

    assert settle(taken.answer(FACTS, "x"), field) == [field]


def test_an_interface_has_to_be_there() -> None:
    missing = Taken(absent=frozenset({"eth7", "eth0.5"}))
    with fails(
        "'board' has no interface 'eth7' for the network 'x.f' [no-interface]\n"
        "  hint: name one that it has: parent: in container.yaml"
    ):
        settle(missing, Network("x.f", "macvlan", "10.9.0.0/24", parent="eth7"))
    tagged = Network("x.f", "macvlan", "10.9.0.0/24", parent="eth0.5")
    assert settle(missing, tagged, stack="docker") == [tagged]
