"""CDI specs: what a container is given of a target's devices, in a form that any engine with CDI takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sdk_hooks.container import DeviceNode

KIND = "devtool-containers/device"
"""Vendor and class of the devices; their names are those of containers."""


def spec(name: str, nodes: Iterable[DeviceNode], groups: Iterable[int] = ()) -> dict[str, Any]:
    """A spec with one device, `devtool-containers/device=NAME`, which is all of *nodes* together.

    Engines refuse specs of a newer version than they know: it has the lowest that allows what is in it.

    :param groups: Groups of the target that the container's user is to be in.
    """
    found = list(groups)
    edits: dict[str, Any] = {"deviceNodes": [_node(node) for node in nodes]}
    if found:
        edits["additionalGids"] = found
    moved = any("hostPath" in node for node in edits["deviceNodes"])
    return {
        "cdiVersion": "0.7.0" if found else "0.5.0" if moved or name[0].isdigit() else "0.3.0",
        "kind": KIND,
        "devices": [{"name": name, "containerEdits": edits}],
    }


def _node(node: DeviceNode) -> dict[str, Any]:
    device = node.device
    moved = {"hostPath": device.source} if device.source != device.target else {}
    less = {"permissions": device.access} if device.access != "rwm" else {}
    return {"path": device.target, **moved, **less}
