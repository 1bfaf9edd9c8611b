"""What `networks:` can say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdk_hooks.container import Network
from sdk_hooks.core.spec import kinds, texts, values
from sdk_hooks.core.spec.kinds import Pairs, Section, Table, Text

PART = r"[a-z0-9]+(?:[_-][a-z0-9]+)*"
"""The name of a network, and of a container in its application, which is also a host's."""


def _networks(found: Mapping[str, Mapping[str, Any]]) -> tuple[Network, ...]:
    return tuple(Network(name, **said) for name, said in found.items())


_NETWORK = Section(
    "a network of the application's own",
    {
        "driver": kinds.matching("bridge, macvlan, ipvlan, vlan, host-device", r"[a-z0-9-]+", "a driver"),
        "subnet": Text("a subnet such as 10.9.0.0/24", values.subnet),
        "gateway": Text("an address of the subnet", values.ip_address),
        "parent": kinds.matching("an interface of the target", r"[\w.-]{1,15}", "an interface such as eth1"),
        "vlan": Text("an 802.1Q tag", values.vlan, {"type": "integer"}),
        "mtu": Text("a number of bytes", texts.count, {"type": "integer"}),
        "sysctl": Pairs("settings of the kernel for its containers, such as net.ipv4.ip_forward: 1"),
        "internal": Text("true or false", texts.boolean, {"type": "boolean"}),
        "external": Text("whether it is there already", texts.boolean, {"type": "boolean"}),
    },
)
NETWORKS = Table("networks of its own that are made for it, by name", _NETWORK, PART, _networks)
