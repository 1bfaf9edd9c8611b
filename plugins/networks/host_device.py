"""host-device: one interface of the target becomes the container's own, such as a CAN or a field bus port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdk_hooks import Network, hookimpl


class HostDevice:
    name = "host-device"
    summary = "an interface of the target, taken from it for the container's life"
    addresses = False

    def refuses(self, network: Network) -> str:
        return "" if network.parent and not network.vlan else "do without parent:, or with vlan:"

    def engine(self, network: Network) -> tuple[str, Mapping[str, str]] | None:  # noqa: ARG002
        return None  # no engine can give an interface away

    def cni(self, network: Network) -> Mapping[str, Any]:
        return {"type": "host-device", "device": network.parent}


@hookimpl
def sdk_networks() -> list[HostDevice]:
    return [HostDevice()]
