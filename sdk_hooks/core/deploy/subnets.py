"""Subnets of an application: the core picks one that nobody has, and refuses one that somebody has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_network

from sdk_hooks.container import Joined, Network
from sdk_hooks.core import cni
from sdk_hooks.core.deploy import taken
from sdk_hooks.core.deploy.network import Drivers
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.deploy.taken import Claim, Taken
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Stack
from sdk_hooks.target import Target


def settled(
    parts: tuple[Part, ...], drivers: Drivers, stack: Stack, target: Target, found: Taken
) -> tuple[Part, ...]:
    """*parts* with a free subnet for each network that we make ourselves and that says none.

    It is the one that the network's name decides, unless somebody has that.

    :raises SdkError: When one is said that is taken, or none is left, or an interface is not there.
    """
    networks = tuple({network.name: network for network in _each(parts)}.values())
    _check_parents(networks, drivers, stack, target, found)
    _check(networks, drivers, target, found)
    if "cni" not in stack.networks:  # engines pick one that is free
        return parts
    claims = [*found.routed(_bridges(networks, drivers)), *found.others, *_said(networks)]
    picked: dict[str, Network] = {}
    for network in networks:
        if network.driver == "bridge" and not network.subnet:
            picked[network.name] = _free(network, claims, target)
            claims += _said([replace(network, subnet=cni.subnet(picked[network.name]))])
    return tuple(_with(part, picked) for part in parts)


def holds(networks: Iterable[Joined], stack: Stack) -> str:
    """What an application that has joined *networks* has of its target, a line each, for `taken.answer`."""
    lines = []
    for each in networks:
        if each.address and (each.network.subnet or "cni" in stack.networks):
            lines.append(f"subnet {cni.subnet(each.network)}\n")
        if not each.address and each.network.parent:
            lines.append(f"interface {each.network.parent}\n")
    return "".join(dict.fromkeys(lines))


def _each(parts: Iterable[Part]) -> Iterator[Network]:
    return (network for part in parts for network in part.settings.networks)


def _with(part: Part, picked: Mapping[str, Network]) -> Part:
    networks = tuple(picked.get(network.name, network) for network in part.settings.networks)
    return replace(part, settings=replace(part.settings, networks=networks))


def _free(network: Network, claims: list[Claim], target: Target) -> Network:
    for subnet in cni.candidates(network):
        if not taken.clash(subnet, claims):
            return network if subnet == cni.subnet(network) else replace(network, subnet=subnet)
    raise SdkError(
        f"no private subnet of {target.name!r} is free for the network {network.name!r}",
        hint="name one: subnet: in container.yaml",
        code="no-network",
    )


def _bridges(networks: Iterable[Network], drivers: Drivers) -> list[str]:
    return [str(drivers(each.driver).cni(each).get("bridge", "")) for each in networks]


def _said(networks: Iterable[Network]) -> list[Claim]:
    return [Claim(ip_network(each.subnet), f"the network {each.name!r}") for each in networks if each.subnet]


def _check(networks: tuple[Network, ...], drivers: Drivers, target: Target, found: Taken) -> None:
    """Refuse a subnet that leads elsewhere: the target would no longer find what is there."""
    routed = list(found.routed(_bridges(networks, drivers)))
    for network in networks:
        if not network.subnet or not drivers(network.driver).addresses:
            continue
        others = _said(each for each in networks if each.name != network.name)
        inside = routed if network.driver == "bridge" else []
        clash = taken.clash(network.subnet, [*inside, *found.others, *others])
        if clash:
            raise SdkError(
                f"the network {network.name!r} can't have the subnet {network.subnet} on {target.name!r}",
                detail=f"{clash.by} has {clash.subnet}",
                hint="choose one that nothing there has: subnet: in container.yaml",
                code="subnet-in-use",
            )


def _check_parents(
    networks: tuple[Network, ...], drivers: Drivers, stack: Stack, target: Target, found: Taken
) -> None:
    for network in networks:
        parent = network.parent
        if parent not in found.absent or (parent.partition(".")[0] != parent and "cni" not in stack.networks):
            continue  # docker makes eth0.5 where there is eth0
        if not drivers(network.driver).refuses(network):
            raise SdkError(
                f"{target.name!r} has no interface {parent!r} for the network {network.name!r}",
                hint="name one that it has: parent: in container.yaml",
                code="no-interface",
            )
