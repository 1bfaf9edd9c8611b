"""Engines whose daemon runs in namespaces of the login: what their containers can't have of the target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sdk_hooks.container import Container, DeviceNode, Settings
from sdk_hooks.core.spec.values import GATEWAY
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Stack
from sdk_hooks.limits import Resources
from sdk_hooks.target import StackFacts, Target


def facts(stack: Stack, target: Target) -> StackFacts:
    """What *stack* said of itself there, or nothing."""
    return target.stacks.get(stack.name) or StackFacts()


def daemon(stack: Stack, target: Target) -> str:
    """Where the login's own daemon of *stack* listens; empty when there is none."""
    return facts(stack, target).daemon


def forwards(stack: Stack, target: Target) -> bool:
    """Whether containers have the network of such a daemon, to which *stack* forwards their ports."""
    return bool(daemon(stack, target)) and facts(stack, target).forwards


def able(settings: Settings, stack: Stack, target: Target) -> Settings:
    """*settings* without limits where such a daemon has no control groups: they would be an error."""
    return replace(settings, resources=Resources()) if facts(stack, target).unlimited else settings


def check_network(container: Container, stack: Stack, target: Target) -> None:
    """Refuse the network and the interfaces of the target.

    :raises SdkError: When *container* wants them of a daemon that does not have them.
    """
    if not daemon(stack, target):
        return
    whose = f"{stack.name} of an ordinary user of {target.name!r}"
    if forwards(stack, target):
        _check_gateway(container, whose)
    parents = [joined.network.parent for joined in container.networks if joined.network.parent]
    if parents:
        wanted, hint = f"the interface {parents[0]!r}", "use a network of driver bridge, or log in as root"
    elif container.settings.network == "host" and not forwards(stack, target):
        wanted, hint = "its network", "leave out network: host, and say which ports: it has"
    else:
        return
    raise SdkError(
        f"{whose} can't give a container {wanted}",
        detail="its daemon has a network namespace of its own",
        hint=hint,
        code="no-network",
    )


def check_shared(container: Container, stack: Stack, target: Target) -> None:
    """Refuse the target's own processes and memory: what shows them can't be mounted in there.

    :raises SdkError: When *container* wants one of them of such a daemon.
    """
    settings = container.settings
    if not daemon(stack, target) or not (settings.pid or settings.ipc):
        return
    key = "pid" if settings.pid else "ipc"
    what = "show a container the target's processes" if key == "pid" else "share the target's memory"
    raise SdkError(
        f"{stack.name} of an ordinary user of {target.name!r} can't {what}",
        detail="its daemon has namespaces of its own",
        hint=f"leave out {key}: host, or log in as root",
        code="no-share",
    )


def _check_gateway(container: Container, whose: str) -> None:
    name = next((name for name, address in container.settings.extra_hosts if address == GATEWAY), "")
    if name:
        raise SdkError(
            f"{whose} knows no address of it for {name!r}",
            detail="its daemon has a network namespace of its own, where 127.0.0.1 is another one",
            hint="give one of the addresses that the target has in its network: extra_hosts:",
            code="no-hosts",
        )


def check_devices(nodes: Iterable[DeviceNode], user: tuple[int, int], stack: Stack, target: Target) -> None:
    """Refuse devices that only a group of the login may open: it has no number in the daemon's namespaces.

    :raises SdkError: With the first of them.
    """
    whose = f"{stack.name} of an ordinary user of {target.name!r}"
    for node in nodes if daemon(stack, target) else ():
        device, mine = node.device, user[0] == 0 and node.owner[0] == target.uid
        needed = sum(bit for access, bit in (("r", 4), ("w", 2)) if access in device.access)
        if (node.mode >> (6 if mine else 0)) & needed != needed:
            raise SdkError(
                f"{whose} can't let a container open {device.source!r}",
                detail=f"its mode is {node.mode:04o}, and groups of the login do not count in there",
                hint="let a udev rule open it for all (MODE=), or log in as root",
                code="device-access",
            )
