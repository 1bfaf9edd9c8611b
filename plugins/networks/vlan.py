"""vlan: containers are in one 802.1Q VLAN of an interface of the target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdk_hooks import Network, hookimpl


class Vlan:
    name = "vlan"
    summary = "an 802.1Q VLAN of an interface"
    addresses = True

    def refuses(self, network: Network) -> str:
        return "" if network.parent and network.vlan else "do without parent: and vlan:"

    def engine(self, network: Network) -> tuple[str, Mapping[str, str]] | None:
        return "macvlan", {"parent": f"{network.parent}.{network.vlan}"}  # docker makes that interface

    def cni(self, network: Network) -> Mapping[str, Any]:
        return {"type": "vlan", "master": network.parent, "vlanId": network.vlan}


@hookimpl
def sdk_networks() -> list[Vlan]:
    return [Vlan()]
