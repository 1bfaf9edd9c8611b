"""Engines whose daemon runs in namespaces of the login: what their containers can't have of the target."""

from __future__ import annotations

from collections.abc import Iterable

from sdk_hooks.container import Container, DeviceNode
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Stack
from sdk_hooks.target import StackFacts, Target


def facts(stack: Stack, target: Target) -> StackFacts:
    """What *stack* said of itself there, or nothing."""
    return target.stacks.get(stack.name) or StackFacts()


def daemon(stack: Stack, target: Target) -> str:
    """Where the login's own daemon of *stack* listens; empty when there is none."""
    return facts(stack, target).daemon


def check_network(container: Container, stack: Stack, target: Target) -> None:
    """Refuse the network and the interfaces of the target.

    :raises SdkError: When *container* wants them of a daemon that does not have them.
    """
    if not daemon(stack, target):
        return
    parents = [joined.network.parent for joined in container.networks if joined.network.parent]
    if parents:
        wanted, hint = f"the interface {parents[0]!r}", "use a network of driver bridge, or log in as root"
    elif container.settings.network == "host":
        wanted, hint = "its network", "leave out network: host, and say which ports: it has"
    else:
        return
    raise SdkError(
        f"{stack.name} of an ordinary user of {target.name!r} can't give a container {wanted}",
        detail="its daemon has a network namespace of its own",
        hint=hint,
        code="no-network",
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
