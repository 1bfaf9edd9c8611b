"""ipvlan: like macvlan where the network takes one hardware address only, as Wi-Fi does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdk_hooks import Network, hookimpl


class Ipvlan:
    name = "ipvlan"
    summary = "the network that an interface is on, with the interface's own hardware address"
    addresses = True

    def refuses(self, network: Network) -> str:
        return "tag frames: give driver vlan, or a parent such as eth0.5" if network.vlan else ""

    def engine(self, network: Network) -> tuple[str, Mapping[str, str]] | None:
        return self.name, {"parent": network.parent} if network.parent else {}

    def cni(self, network: Network) -> Mapping[str, Any]:
        return {"type": "ipvlan", "mode": "l2", **({"master": network.parent} if network.parent else {})}


@hookimpl
def sdk_networks() -> list[Ipvlan]:
    return [Ipvlan()]
