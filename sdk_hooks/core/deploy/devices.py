"""Devices of the target that a container gets: whether they are there, and whether its user may open them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sdk_hooks.container import Device, DeviceNode
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Target

_BITS = {"r": 4, "w": 2}
_LINE = re.compile(
    r"(?P<path>\S+) (?P<may>-|r?w?) +(?P<kind>.)(?P<mode>\S{9})(?P<more>\S?) +\d+ +(?P<uid>\d+) +(?P<gid>\d+)"
    r" +(?:(?P<major>\d+), *(?P<minor>\d+))?"
)


@dataclass(frozen=True)
class Node:
    """What `ls -lnL` says of a path on the target."""

    kind: str
    """c and b are devices."""
    mode: int
    owner: tuple[int, int]
    major: int
    minor: int
    may: str
    """What the login may do: of r and w."""
    lists: bool
    """Whether access control lists say more than the mode does."""


def parse(lines: Iterable[str]) -> Mapping[str, Node]:
    """The nodes by path, of what the probe printed: path, what the login may do, the line of ls."""
    return {match["path"]: _node(match) for match in map(_LINE.match, lines) if match}


def given(
    wanted: Iterable[Device], there: Mapping[str, Node], user: tuple[int, int], target: Target
) -> tuple[DeviceNode, ...]:
    """The devices that a container gets whose process is *user*.

    :raises SdkError: When one is not there, or not for *user*.
    """
    found = []
    for device in wanted:
        node = there.get(device.source)
        if node is None or node.kind not in "cb":
            what = "is no device" if node else "is not there"
            raise SdkError(
                f"the device {device.source!r} {what} on {target.name!r}",
                hint="connect it, or load its driver; else change devices: in container.yaml",
                code="no-device",
            )
        _check_access(device, node, user, target)
        found.append(DeviceNode(device, node.kind, node.major, node.minor, node.mode, node.owner))
    return tuple(found)


def groups(nodes: Iterable[DeviceNode], user: tuple[int, int]) -> tuple[int, ...]:
    """Groups that *user* has to be in to open *nodes*."""
    needed = {
        node.owner[1]
        for node in nodes
        if user[0] not in (0, node.owner[0]) and user[1] != node.owner[1] and not _all(node.mode, node.device)
    }
    return tuple(sorted(needed))


def _check_access(device: Device, node: Node, user: tuple[int, int], target: Target) -> None:
    wanted = {access for access in device.access if access in _BITS}
    root = user[0] == 0
    mine = 0o700 if user[0] == node.owner[0] and not target.uid else 0
    allowed = root or node.lists or _all(node.mode, device, 0o077 | mine)
    login = not target.uid or wanted <= set(node.may)
    if not (allowed and login):
        who = f"the container's user {user[0]}" if login else "the login there"
        raise SdkError(
            f"the device {device.source!r} of {target.name!r} is not for {who}",
            detail=f"its mode is {node.mode:04o}, its owner {node.owner[0]}:{node.owner[1]}",
            hint="let a udev rule give it to a group (GROUP=, MODE=), or set user: in container.yaml",
            code="device-access",
        )


def _all(mode: int, device: Device, by: int = 0o007) -> bool:
    """Whether one of the classes in *by* has all that is wanted of *device*."""
    wanted = sum(_BITS.get(access, 0) for access in device.access)
    return any((mode & by) >> shift & 7 & wanted == wanted for shift in (0, 3, 6))


def _node(match: re.Match[str]) -> Node:
    bits = "".join("01"[flag not in "-ST"] for flag in match["mode"])
    return Node(
        kind=match["kind"],
        mode=int(bits, 2),
        owner=(int(match["uid"]), int(match["gid"])),
        major=int(match["major"] or 0),
        minor=int(match["minor"] or 0),
        may=match["may"].strip("-"),
        lists=match["more"] == "+",
    )
