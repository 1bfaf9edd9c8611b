"""What a cluster is: its version, its distribution, and its nodes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sdk_hooks.core.k8s.app import ARCHITECTURE
from sdk_hooks.core.k8s.kubectl import Kubectl, at_once
from sdk_hooks.errors import SdkError
from sdk_hooks.kubernetes import Cluster

OLDEST = (1, 20)
NEWEST = (1, 37)
"""That is known; who writes for no certain cluster writes for this one."""


@dataclass(frozen=True)
class Node:
    """A machine of a cluster."""

    name: str
    architecture: str
    runtime: str
    """Such as `containerd://1.7.24`."""
    version: str
    """Of its kubelet."""
    address: str
    """The one that the cluster uses."""
    labels: Mapping[str, str]
    ready: bool
    takes: bool
    """Whether it may run pods that ask for nothing special."""
    images: tuple[str, ...] = ()
    """Names that its kubelet tells of, which are not all when it has many."""


@dataclass(frozen=True)
class Facts:
    """A cluster as kubectl sees it."""

    version: tuple[int, int]
    text: str
    distribution: Cluster
    namespace: str
    """That objects go to when nobody says another."""
    nodes: tuple[Node, ...]

    def candidates(self, selector: Mapping[str, str]) -> list[Node]:
        """The nodes that may run a pod with this nodeSelector."""
        return [node for node in self.nodes if node.takes and selector.items() <= node.labels.items()]


def facts(kubectl: Kubectl, clusters: Mapping[str, Cluster]) -> Facts:
    """Ask the cluster what it is.

    :raises SdkError: When it can't be reached, is too old, or is none that a plugin knows.
    """
    version = json.loads(kubectl.run("version", "--output=json", "--request-timeout=20s"))["serverVersion"]
    number = int(version["major"]), int(re.sub(r"\D.*", "", version["minor"]))
    text = version["gitVersion"]
    if number < OLDEST:
        raise SdkError(
            f"the cluster is Kubernetes {text}",
            hint="{}.{} is the oldest that will do".format(*OLDEST),
            code="too-old",
        )
    # not before the first answer: a login that asks somebody is to ask once
    found, namespace = at_once(lambda: kubectl.get("nodes")["items"], lambda: _namespace(kubectl))
    nodes = tuple(map(_node, found))
    if not nodes:
        raise SdkError("the cluster has no nodes", hint="let one join it", code="no-nodes")
    return Facts(number, text, _distribution(nodes, clusters), namespace, nodes)


def _namespace(kubectl: Kubectl) -> str:
    if kubectl.namespace:
        return kubectl.namespace
    path = "--output=jsonpath={..namespace}"
    return kubectl.run("config", "view", "--minify", path).strip() or "default"


def _distribution(nodes: Iterable[Node], clusters: Mapping[str, Cluster]) -> Cluster:
    """The one whose marks a node has; who knows labels is asked before who knows versions only."""
    for node in nodes:
        found = [each for each in clusters.values() if each.marks(node.version, node.labels)]
        if found:
            return max(found, key=lambda each: len(each.kubectl))
    versions = ", ".join(sorted({node.version for node in nodes}))
    raise SdkError(
        f"no plugin knows this distribution of Kubernetes ({versions})",
        detail=f"known: {', '.join(sorted(clusters)) or 'none'}",
        hint="write a plugin: plugins/README.md",
        code="unknown-cluster",
    )


def _node(item: Mapping[str, Any]) -> Node:
    status, spec, meta = item["status"], item.get("spec", {}), item["metadata"]
    info = status["nodeInfo"]
    addresses = {each["type"]: each["address"] for each in reversed(status.get("addresses", []))}
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", []))
    tainted = any(taint["effect"] in ("NoSchedule", "NoExecute") for taint in spec.get("taints", []))
    labels = meta.get("labels", {})
    return Node(
        name=meta["name"],
        architecture=labels.get(ARCHITECTURE, info["architecture"]),
        runtime=info["containerRuntimeVersion"],
        version=info["kubeletVersion"],
        address=addresses.get("InternalIP", addresses.get("Hostname", meta["name"])),
        labels=labels,
        ready=ready,
        takes=ready and not tainted and not spec.get("unschedulable"),
        images=tuple(name for each in status.get("images") or () for name in each.get("names") or ()),
    )
