"""Which network each container of an application gets, and how they know each other's names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sdk_hooks.container import Network, Settings
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.families import Stack

_LOOPBACK = "127.0.0.1"


def chosen(name: str, parts: tuple[Part, ...], stack: Stack) -> tuple[Part, ...]:
    """*parts* of the application *name* with a network for each.

    The target's own, unless ports have to be moved. Several containers of which one needs a bridge share
    one of their own, where they find each other by name.
    """
    bridged = any(_bridged(part.settings, stack) for part in parts)
    together = Network(f"{name}-default") if bridged and len(parts) > 1 else None
    return tuple(replace(part, settings=_one(name, part.settings, stack, together)) for part in parts)


def hosts(part: Part, parts: Iterable[Part]) -> tuple[tuple[str, str], ...]:
    """What *part* has to have in its /etc/hosts to find the other ones: those with which it shares the
    target's own network. On a network of their own the stack knows their names.
    """
    if part.settings.network != "host":
        return ()
    near = (other for other in parts if other.settings.network == "host")
    return tuple((other.name, _LOOPBACK) for other in near if other.name)


def _one(name: str, settings: Settings, stack: Stack, together: Network | None) -> Settings:
    if settings.networks:
        joined = tuple(replace(each, name=f"{name}-{each.name}") for each in settings.networks)
        return replace(settings, network="bridge", networks=joined)
    if together and settings.network in ("", "bridge"):
        return replace(settings, network="bridge", networks=(together,))
    if settings.network:
        return settings
    return replace(settings, network="bridge" if _bridged(settings, stack) else "host")


def _bridged(settings: Settings, stack: Stack) -> bool:
    """Whether ports have to be moved, and can be."""
    if settings.network or settings.networks:
        return settings.network == "bridge"
    moved = any(port.host != port.container or port.address for port in settings.ports)
    return moved and "bridge" in stack.networks
