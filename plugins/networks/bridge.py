"""bridge: a network inside the target, whose containers reach the world through the target's address."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sdk_hooks import Network, hookimpl


class Bridge:
    name = "bridge"
    summary = "network inside the target, with address translation to the world"
    addresses = True

    def refuses(self, network: Network) -> str:
        return "have a parent: it is no interface's" if network.parent or network.vlan else ""

    def engine(self, network: Network) -> tuple[str, Mapping[str, str]] | None:
        options = {"com.docker.network.driver.mtu": str(network.mtu)} if network.mtu else {}
        return self.name, options

    def cni(self, network: Network) -> Mapping[str, Any]:
        # an interface's name has at most 15 bytes
        interface = "dtc" + hashlib.sha256(network.name.encode()).hexdigest()[:10]
        return {
            "type": "bridge",
            "bridge": interface,
            "isGateway": True,
            "ipMasq": not network.internal,
            "hairpinMode": True,
        }


@hookimpl
def sdk_networks() -> list[Bridge]:
    return [Bridge()]
