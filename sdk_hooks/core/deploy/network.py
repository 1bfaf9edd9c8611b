"""Which networks each container of an application joins, and how they know each other's names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from sdk_hooks.container import Joined, Network, Settings
from sdk_hooks.core import cni
from sdk_hooks.core.deploy import nested
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.spec.values import GATEWAY
from sdk_hooks.errors import SdkError
from sdk_hooks.families import NetworkDriver, Stack
from sdk_hooks.target import Target

Drivers = Callable[[str], NetworkDriver]
"""Gives a driver by its name; raises SdkError when there is none."""
Hosts = tuple[tuple[str, str], ...]

_LOOPBACK = "127.0.0.1"


def chosen(name: str, parts: tuple[Part, ...], stack: Stack, target: Target) -> tuple[Part, ...]:
    """*parts* of the application *name* with a network for each.

    The target's own, unless ports have to be moved. Several containers of which one needs a bridge share
    one of their own, where they find each other by name.

    :raises SdkError: When somebody else has made one, and *stack* makes all by itself.
    """
    _check_external(parts, stack)
    bridged = any(_bridged(part.settings, stack, target) for part in parts)
    shared = bridged and (len(parts) > 1 or "bridge" not in stack.networks)
    default = "bridge" if bridged else "host"
    together = Network(f"{name}.default") if shared else None
    return tuple(replace(part, settings=_one(name, part.settings, default, together)) for part in parts)


def joined(part: Part, parts: tuple[Part, ...], drivers: Drivers, stack: Stack) -> tuple[Joined, ...]:
    """The networks of *part*, which `chosen` gave, with all that a stack has to know of them.

    :raises SdkError: When a driver is not there, or can't do what is asked of it.
    """
    found = []
    own_drivers = [drivers(network.driver) for network in part.settings.networks]
    bridges = [driver.name == "bridge" for driver in own_drivers]
    moved = [str(p) for p in part.settings.ports if p.host != p.container or p.address]
    if own_drivers and moved and not any(bridges):
        raise SdkError(
            "ports can't be moved without a network of driver bridge",
            detail=f"ports: {', '.join(moved)}",
            hint="give it one: networks:; or leave out ports:",
            code="no-network",
        )
    # an internal network leads nowhere: neither its default route nor what comes in at ports
    inner = [network.internal for network in part.settings.networks]
    outer = inner.index(False) if False in inner else 0
    bridge = min((at for at, is_one in enumerate(bridges) if is_one), key=lambda at: inner[at], default=-1)
    for position, (network, driver) in enumerate(zip(part.settings.networks, own_drivers, strict=True)):
        _check(network, driver, stack)
        own = ""
        if driver.addresses:
            members = [other for other in parts if network in other.settings.networks]
            own = cni.address(network, members.index(part))
        ports = part.settings.ports if position == bridge else ()
        tuned = replace(network, sysctl={**network.sysctl, **_sysctls(part, stack, position)})
        plugins = cni.chain(tuned, driver, own, ports, first=position == outer)
        found.append(Joined(network, driver.engine(network), plugins, own))
    return tuple(found)


def _sysctls(part: Part, stack: Stack, position: int) -> dict[str, str]:
    """Those of the container's own that the plugins of its first network set: no engine of theirs is told."""
    told = "cni" not in stack.networks or stack.takes == "layers" or position
    said = {} if told else part.settings.sysctls
    return {key: value for key, value in said.items() if key.startswith("net.")}


def hosts(
    part: Part, parts: Iterable[Part], networks: Mapping[str, tuple[Joined, ...]], stack: Stack
) -> Hosts:
    """What *part* has to have in its /etc/hosts to find the other ones.

    Those with which it shares the target's own network are on the loopback interface; those on a network of
    their own are known to an engine by name, and have their addresses from us where there is none.

    :param networks: Of each part by name.
    """
    said = tuple((name, _address(each, part, networks, stack)) for name, each in part.settings.extra_hosts)
    if part.settings.network == "host":
        near = (other for other in parts if other.settings.network == "host")
        return (*((other.name, _LOOPBACK) for other in near if other.name), *said)
    if "cni" not in stack.networks:
        return said
    reached = {each.network.name for each in networks[part.name]}
    found = tuple(
        (name, each.address.partition("/")[0])
        for name, theirs in networks.items()
        for each in theirs
        if name and each.address and each.network.name in reached
    )
    return found + said


def _address(said: str, part: Part, networks: Mapping[str, tuple[Joined, ...]], stack: Stack) -> str:
    """Of a name that the settings give, where that is not one already; engines know what it is there."""
    if said != GATEWAY or (part.settings.network != "host" and "cni" not in stack.networks):
        return said
    first = next((each.network for each in networks[part.name] if each.network.driver == "bridge"), None)
    return cni.gateway(first) if first else _LOOPBACK


def _one(name: str, settings: Settings, default: str, together: Network | None) -> Settings:
    if settings.networks:
        own = tuple(
            each if each.external else replace(each, name=f"{name}.{each.name}") for each in settings.networks
        )
        return replace(settings, network="", networks=own)
    if together and settings.network in ("", "bridge"):
        return replace(settings, network="", networks=(together,))
    return settings if settings.network else replace(settings, network=default)


def _bridged(settings: Settings, stack: Stack, target: Target) -> bool:
    """Whether ports have to be moved, and can be; or the target's own network is out of reach."""
    if settings.network or settings.networks:
        return settings.network == "bridge"
    moved = any(port.host != port.container or port.address for port in settings.ports)
    if nested.daemon(stack, target) and not nested.forwards(stack, target):
        return True
    return moved and ("bridge" in stack.networks or ("cni" in stack.networks and bool(target.cni)))


def _check_external(parts: Iterable[Part], stack: Stack) -> None:
    external = [each for part in parts for each in part.settings.networks if each.external]
    if external and "bridge" not in stack.networks:
        raise SdkError(
            f"{stack.name} can't join the network {external[0].name!r}, which somebody else has made",
            hint="use another stack, or leave out external: it is the application's own then",
            code="no-network",
        )


def _check(network: Network, driver: NetworkDriver, stack: Stack) -> None:
    what = driver.refuses(network)
    if not what and driver.addresses and driver.name != "bridge" and not network.subnet:
        what = "do without subnet:"
    if what:
        raise SdkError(
            f"the network {network.name!r} of driver {driver.name} can't {what}",
            hint="change networks: in container.yaml",
            code="no-network",
        )
    if "cni" not in stack.networks and driver.name not in stack.networks:
        raise SdkError(
            f"{stack.name} can't make the network {network.name!r} of driver {driver.name}",
            detail=f"it can: {', '.join(stack.networks)}",
            hint="change networks: in container.yaml, or use another stack",
            code="no-network",
        )
