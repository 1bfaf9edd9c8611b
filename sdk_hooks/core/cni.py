"""Configurations of CNI plugins (CNI specification 0.4.0) for the networks of an application."""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sdk_hooks.container import Network, Port
from sdk_hooks.errors import SdkError
from sdk_hooks.families import NetworkDriver

VERSION = "0.4.0"
"""What the plugins of Debian 12 and of every release since 2019 know."""

IPAM = "host-local"
LEASES = "/run/devtool-containers/cni"
"""Gone after a reboot, as the containers' addresses are then."""

Conf = Mapping[str, Any]


def subnet(network: Network) -> str:
    """The subnet of *network*, in CIDR form: what it says, else one that its name decides."""
    if network.subnet:
        return network.subnet
    return next(candidates(network))


def candidates(network: Network) -> Iterator[str]:
    """Subnets that *network* could have when it says none, in the order in which they are tried."""
    for number in range(192):
        text = f"{network.name}#{number}" if number else network.name
        digest = hashlib.sha256(text.encode()).digest()
        if number < 64:
            yield f"10.{64 + digest[0] % 64}.{digest[1]}.0/24"
        else:  # all of the first is somebody's, such as a virtual private network's
            place = (f"172.{16 + digest[0] % 16}.{digest[1]}", f"192.168.{digest[1]}")[number % 2]
            yield f"{place}.0/24"


def gateway(network: Network) -> str:
    return network.gateway or str(next(iter(ipaddress.ip_network(subnet(network)).hosts())))


def address(network: Network, index: int) -> str:
    """The address, in CIDR form, of container *index* on *network*.

    :raises SdkError: When the subnet is too small.
    """
    whole = ipaddress.ip_network(subnet(network))
    free = (str(host) for host in whole.hosts() if str(host) != gateway(network))
    for number, host in enumerate(free):
        if number == index:
            return f"{host}/{whole.prefixlen}"
    raise SdkError(
        f"the subnet {subnet(network)} of {network.name!r} has no room for {index + 1} containers",
        hint="give it a larger one: subnet:",
        code="no-network",
    )


def chain(
    network: Network, driver: NetworkDriver, own: str, ports: Iterable[Port], *, first: bool
) -> tuple[Conf, ...]:
    """The plugins that connect one container to *network*, in the order in which they are called.

    :param own: The container's address, in CIDR form; empty when the driver gives none.
    :param first: Whether this is the container's first network that leads out, which has its default route.
    """
    main = dict(driver.cni(network))
    if network.mtu:
        main["mtu"] = network.mtu
    if own:
        main["ipam"] = _ipam(network, own, default=first and not network.internal)
    found: list[Conf] = [main]
    if driver.name == "bridge":
        found.append({"type": "firewall"})
        mapped = [_mapping(port) for port in ports]
        if mapped:
            found.append({"type": "portmap", "snat": True, "runtimeConfig": {"portMappings": mapped}})
    return (*found, *_tuning(network))


def shared(network: Network, driver: NetworkDriver, *, default: bool) -> dict[str, Any]:
    """The configuration list of *network* for any containers; which ports are moved is up to who runs them.

    :param default: Whether it has their default route.
    """
    main = dict(driver.cni(network))
    if network.mtu:
        main["mtu"] = network.mtu
    if driver.addresses:
        pool = {"subnet": subnet(network), "gateway": gateway(network)}
        main["ipam"] = {
            "type": IPAM,
            "ranges": [[pool]],
            **_routes(pool["subnet"], default and not network.internal),
        }
    found: list[Conf] = [main]
    if driver.name == "bridge":
        found += [
            {"type": "firewall"},
            {"type": "portmap", "snat": True, "capabilities": {"portMappings": True}},
        ]
    return conflist(network.name, (*found, *_tuning(network)))


def attachment(listed: Mapping[str, Any], namespace: str = "") -> dict[str, Any]:
    """The configuration list *listed* as the object by which pods join it with multus.

    As the Network Custom Resource Definition De-facto Standard has it, version 1.3.
    """
    place = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": "k8s.cni.cncf.io/v1",
        "kind": "NetworkAttachmentDefinition",
        "metadata": {"name": listed["name"], **place},
        "spec": {"config": json.dumps(listed, sort_keys=True)},
    }


def conflist(name: str, plugins: Iterable[Conf]) -> dict[str, Any]:
    """The network configuration list that has *plugins*, as it is written to /etc/cni/net.d."""
    return {"cniVersion": VERSION, "name": name, "plugins": list(plugins)}


def types(plugins: Iterable[Conf]) -> set[str]:
    """The plugins, by name, that a target has to have."""
    listed = list(plugins)
    return {"loopback", *(p["type"] for p in listed), *(p["ipam"]["type"] for p in listed if "ipam" in p)}


def _ipam(network: Network, own: str, *, default: bool) -> Conf:
    host = own.partition("/")[0]
    pool = {"subnet": subnet(network), "rangeStart": host, "rangeEnd": host, "gateway": gateway(network)}
    return {"type": IPAM, "dataDir": LEASES, "ranges": [[pool]], **_routes(host, default)}


def _routes(address: str, default: bool) -> Conf:
    return {"routes": [{"dst": "::/0" if ":" in address else "0.0.0.0/0"}]} if default else {}


def _tuning(network: Network) -> tuple[Conf, ...]:
    return ({"type": "tuning", "sysctl": dict(network.sysctl)},) if network.sysctl else ()


def _mapping(port: Port) -> Conf:
    found = {"hostPort": port.host, "containerPort": port.container, "protocol": port.protocol}
    return {**found, **({"hostIP": port.address.strip("[]")} if port.address else {})}
