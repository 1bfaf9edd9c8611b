"""Which nodes pods may run on, and which image each of these has to have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sdk_hooks.core.k8s import affinity
from sdk_hooks.core.k8s.app import Copy
from sdk_hooks.core.k8s.cluster import Facts, Node
from sdk_hooks.core.oci.imageset import ImageSet
from sdk_hooks.errors import SdkError

Placed = tuple[tuple[Node, tuple[Copy, ...]], ...]
"""Nodes, and the images that they need to have."""


class Pods(NamedTuple):
    """Pods of one workload, and how people are told of them."""

    kind: str
    spec: Mapping[str, Any]
    """As far as it chooses nodes."""
    image: str
    """What their image is called: the image of 'web'."""
    whose: str
    """What they are called in a sentence about that image: its pods."""
    who: str
    """What they are called by themselves."""
    choose: str
    """How their nodes can be chosen."""


def nodes(pods: Pods, images: ImageSet, facts: Facts, *, pinned: bool) -> list[Node]:
    """The nodes that may run *pods*; none when nobody may look at nodes.

    :param pinned: Whether they keep away from nodes of other architectures than their images are for.
    :raises SdkError: When there is none, or one that there is no image for.
    """
    if not facts.nodes:
        return []
    spec = pods.spec
    candidates = [
        node
        for node in facts.candidates(spec.get("nodeSelector") or {}, pods.kind, spec.get("tolerations") or ())
        if affinity.allows(spec, node.labels)
    ]
    found = [node for node in candidates if images.on(node.architecture)]
    if len(found) < len(candidates) and not pinned:
        names = ", ".join(f"{node.name} ({node.architecture})" for node in candidates if node not in found)
        raise SdkError(
            f"{pods.image} is for {' and '.join(images.architectures)}, and {pods.whose} may run on {names}",
            hint=f"give one for these, too: --also DIR; {pods.choose}",
            code="wrong-architecture",
        )
    if not found:
        told = ", ".join(f"{node.name} ({_why(node)})" for node in facts.nodes)
        raise SdkError(
            f"no node may run {pods.who}",
            detail=f"nodes: {told}",
            hint="look at them: kubectl get nodes --show-labels",
            code="no-node",
        )
    return found


def _why(node: Node) -> str:
    if not node.ready:
        return "not ready"
    return node.architecture if node.takes else "takes no pods"


def placed(wanted: Iterable[tuple[Sequence[Node], str, ImageSet]]) -> Placed:
    """What each node needs to have.

    :param wanted: Nodes, the name that pods on them ask for (empty when they pull it), and the images of it.
    """
    found: dict[str, tuple[Node, dict[str, Copy]]] = {}
    for these, name, images in wanted:
        for node in these:
            _, copies = found.setdefault(node.name, (node, {}))
            image = images.on(node.architecture)
            if name and image:
                copies[name] = Copy(name, image)  # two workloads may have the same one
    return tuple((node, tuple(copies.values())) for node, copies in found.values())
