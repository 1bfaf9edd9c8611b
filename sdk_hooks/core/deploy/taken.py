"""What of a target's networks is taken: subnets of its interfaces and of other applications."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sdk_hooks.container import Settings
from sdk_hooks.core.deploy.resource import script
from sdk_hooks.core.shell import quoted
from sdk_hooks.target import Script

Subnet = ipaddress.IPv4Network | ipaddress.IPv6Network

_ITSELF = "the target itself"
_GROUPS = (ipaddress.ip_network("ff00::/8"), ipaddress.ip_network("fe80::/10"))
"""Subnets that every interface has."""


@dataclass(frozen=True)
class Claim:
    """A subnet that is spoken for."""

    subnet: Subnet
    by: str
    """For people: an interface, or an application."""
    interface: str = ""


@dataclass(frozen=True)
class Taken:
    """What the probe found; nothing when the deployment wants no network of its own."""

    routes: tuple[Claim, ...] = ()
    """Where packets go now, the default route left out."""
    others: tuple[Claim, ...] = ()
    """Of other applications."""
    own: frozenset[Subnet] = frozenset()
    """Of deployments of the same application."""
    absent: frozenset[str] = frozenset()
    """Interfaces that networks are to be reached through, and that are not there."""

    def routed(self, bridges: Iterable[str]) -> Iterator[Claim]:
        """What a network in the target must not overlap.

        :param bridges: Interfaces of the application that is to be deployed.
        """
        mine = frozenset(bridges)
        yield from (r for r in self.routes if r.subnet not in self.own and r.interface not in mine)


def question(wanted: Iterable[Settings]) -> Script:
    """Commands of the probe, where one of *wanted* is for a network that has to be made."""
    found = tuple(wanted)
    moved = any(port.host != port.container or port.address for each in found for port in each.ports)
    if not moved and not any(each.networks or each.network == "bridge" for each in found):
        return ""
    networks = [network for each in found for network in each.networks]
    text = script("taken.sh")
    if any(":" in network.subnet for network in networks):
        text += script("taken6.sh")
    for parent in dict.fromkeys(network.parent for network in networks if network.parent):
        text += f"[ -e {quoted((f'/sys/class/net/{parent}',))} ] || echo absent {quoted((parent,))}\n"
    return text


def answer(facts: Mapping[str, list[str]], name: str) -> Taken:
    """What the probe's *facts* say to who deploys the application *name*."""
    routes = [*_four(facts.get("route", ())), *_six(facts.get("route6", ()))]
    covered = {route.subnet for route in routes}
    for text in dict.fromkeys(facts.get("local", ())):
        host = ipaddress.ip_network(text)
        if not host.is_loopback and not any(_overlap(host, subnet) for subnet in covered):
            routes.append(Claim(host, _ITSELF))
    held = [line.split() for line in facts.get("held", ())]
    subnets = [(app, ipaddress.ip_network(what)) for app, kind, what in held if kind == "subnet"]
    mine = {what for app, kind, what in held if kind == "interface" and app == name}
    return Taken(
        tuple(routes),
        tuple(Claim(subnet, f"the application {app!r}") for app, subnet in subnets if app != name),
        frozenset(subnet for app, subnet in subnets if app == name),
        frozenset(facts.get("absent", ())) - mine,
    )


def clash(subnet: str, claims: Iterable[Claim]) -> Claim | None:
    """The first of *claims* that *subnet* overlaps."""
    network = ipaddress.ip_network(subnet)
    return next((claim for claim in claims if _overlap(network, claim.subnet)), None)


def _overlap(one: Subnet, other: Subnet) -> bool:
    return one.version == other.version and one.overlaps(other)


def _four(lines: Iterable[str]) -> Iterator[Claim]:
    """Of `INTERFACE DESTINATION MASK`, both as the target's processor reads them: the mask tells how."""
    rows = [line.split() for line in lines]
    rows = [row for row in rows if len(row) == 3 and row[2].isalnum() and len(row[2]) == 8]
    little = all(_is_mask(_number(mask, "little")) for *_, mask in rows)
    order = "little" if little else "big"
    for interface, destination, mask in rows:
        ones = _number(mask, order)
        if ones and interface != "lo":
            place = ipaddress.ip_address(_number(destination, order))
            yield Claim(ipaddress.ip_network((place, ones.bit_count()), strict=False), interface, interface)


def _number(text: str, order: str) -> int:
    return int.from_bytes(bytes.fromhex(text), "little" if order == "little" else "big")


def _is_mask(number: int) -> bool:
    zeros = ~number & 0xFFFFFFFF
    return zeros & (zeros + 1) == 0


def _six(lines: Iterable[str]) -> Iterator[Claim]:
    """Of `INTERFACE DESTINATION LENGTH`, in hexadecimal digits."""
    for interface, destination, length in (line.split() for line in lines):
        place = ipaddress.ip_address(bytes.fromhex(destination))
        found = ipaddress.ip_network((place, int(length, 16)))
        if found.prefixlen and interface != "lo" and not any(_overlap(found, each) for each in _GROUPS):
            yield Claim(found, interface, interface)
