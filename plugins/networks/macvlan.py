"""macvlan: containers are on the network of an interface of the target, with addresses of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdk_hooks import Network, hookimpl


class Macvlan:
    name = "macvlan"
    summary = "the network that an interface is on, with a hardware address for each container"
    addresses = True

    def refuses(self, network: Network) -> str:
        return "tag frames: give driver vlan, or a parent such as eth0.5" if network.vlan else ""

    def engine(self, network: Network) -> tuple[str, Mapping[str, str]] | None:
        return self.name, {"parent": network.parent} if network.parent else {}

    def cni(self, network: Network) -> Mapping[str, Any]:
        # without a master it is the interface of the default route
        return {"type": "macvlan", "mode": "bridge", **({"master": network.parent} if network.parent else {})}


@hookimpl
def sdk_networks() -> list[Macvlan]:
    return [Macvlan()]
