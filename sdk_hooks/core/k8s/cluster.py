"""What a cluster is: its version, its distribution, and its nodes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sdk_hooks.core.k8s.app import ARCHITECTURE
from sdk_hooks.core.k8s.kubectl import Kubectl, at_once
from sdk_hooks.errors import SdkError
from sdk_hooks.kubernetes import Cluster

_CORDON = "node.kubernetes.io/unschedulable"
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
    cordoned: bool = False
    """Whether it takes no new pods but those of DaemonSets."""
    taints: tuple[Mapping[str, str], ...] = ()
    """What keeps pods away that do not tolerate it."""
    images: tuple[str, ...] = ()
    """Names that its kubelet tells of, which are not all when it has many."""

    @property
    def takes(self) -> bool:
        """Whether it may run pods that ask for nothing special."""
        return self.ready and not self.cordoned and not self.taints

    def runs(self, kind: str, tolerations: Sequence[Any] = ()) -> bool:
        """Whether it may run a pod of a workload of *kind* that has *tolerations*."""
        # a DaemonSet gives its pods this one itself
        cordon = {"key": _CORDON, "effect": "NoSchedule"}
        cordons = (cordon,) if self.cordoned and kind != "DaemonSet" else ()
        return self.ready and all(
            any(_tolerates(each, taint) for each in tolerations) for taint in (*self.taints, *cordons)
        )


@dataclass(frozen=True)
class Facts:
    """A cluster as kubectl sees it."""

    version: tuple[int, int]
    text: str
    distribution: Cluster | None
    """None when no plugin knows it, or nobody may look at its nodes."""
    namespace: str
    """That objects go to when nobody says another."""
    nodes: tuple[Node, ...]
    """None of them when nobody may look at them."""

    @property
    def name(self) -> str:
        """What kind of cluster it is, for people."""
        return f"{self.distribution.name if self.distribution else 'kubernetes'} {self.text}"

    def candidates(
        self, selector: Mapping[str, str], kind: str, tolerations: Sequence[Any] = ()
    ) -> list[Node]:
        """The nodes that may run a pod of a workload of *kind* with this nodeSelector and *tolerations*."""
        return [
            node
            for node in self.nodes
            if node.runs(kind, tolerations) and selector.items() <= node.labels.items()
        ]


def facts(kubectl: Kubectl, clusters: Mapping[str, Cluster], *, blind: bool = False) -> Facts:
    """Ask the cluster what it is.

    :param blind: Whether it will do not to be allowed to look at its nodes.
    :raises SdkError: When it can't be reached, or is too old.
    """
    version = kubectl.server()
    number = int(version["major"]), int(re.sub(r"\D.*", "", version["minor"]))
    text = version["gitVersion"]
    if number < OLDEST:
        raise SdkError(
            f"the cluster is Kubernetes {text}",
            hint="{}.{} is the oldest that will do".format(*OLDEST),
            code="too-old",
        )
    # not before the first answer: a login that asks somebody is to ask once
    found, namespace = at_once(lambda: _nodes(kubectl, blind), lambda: _namespace(kubectl))
    nodes = tuple(map(_node, found))
    if not nodes and not blind:
        raise SdkError("the cluster has no nodes", hint="let one join it", code="no-nodes")
    return Facts(number, text, _distribution(nodes, clusters), namespace, nodes)


def known(facts: Facts) -> Cluster:
    """The plugin that knows this cluster's distribution.

    :raises SdkError: When there is none.
    """
    if facts.distribution is not None:
        return facts.distribution
    versions = ", ".join(sorted({node.version for node in facts.nodes})) or facts.text
    raise SdkError(
        f"no plugin knows this distribution of Kubernetes ({versions})",
        hint="let the nodes pull the images: --registry; or write a plugin: plugins/README.md",
        code="unknown-cluster",
    )


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, str]) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    exists = toleration.get("operator") == "Exists"
    if not toleration.get("key"):
        return exists
    same = (toleration.get("value") or "") == (taint.get("value") or "")
    return toleration["key"] == taint["key"] and (exists or same)


def _nodes(kubectl: Kubectl, blind: bool) -> Any:
    try:
        return kubectl.get("nodes")["items"]
    except SdkError as error:
        if blind and error.code == "forbidden":
            return []
        raise


def _namespace(kubectl: Kubectl) -> str:
    if kubectl.namespace:
        return kubectl.namespace
    path = "--output=jsonpath={..namespace}"
    return kubectl.run("config", "view", "--minify", path).strip() or "default"


def _distribution(nodes: Iterable[Node], clusters: Mapping[str, Cluster]) -> Cluster | None:
    """The one whose marks a node has; who knows labels is asked before who knows versions only."""
    for node in nodes:
        found = [each for each in clusters.values() if each.marks(node.version, node.labels)]
        if found:
            return max(found, key=lambda each: len(each.kubectl))
    return None


def _node(item: Mapping[str, Any]) -> Node:
    status, spec, meta = item["status"], item.get("spec", {}), item["metadata"]
    info = status["nodeInfo"]
    addresses = {each["type"]: each["address"] for each in reversed(status.get("addresses", []))}
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", []))
    keep = ("NoSchedule", "NoExecute")
    taints = (taint for taint in spec.get("taints", []) if taint["effect"] in keep)
    labels = meta.get("labels", {})
    return Node(
        name=meta["name"],
        architecture=labels.get(ARCHITECTURE, info["architecture"]),
        runtime=info["containerRuntimeVersion"],
        version=info["kubeletVersion"],
        address=addresses.get("InternalIP", addresses.get("Hostname", meta["name"])),
        labels=labels,
        ready=ready,
        cordoned=bool(spec.get("unschedulable")),
        taints=tuple(taint for taint in taints if taint["key"] != _CORDON),
        images=tuple(name for each in status.get("images") or () for name in each.get("names") or ()),
    )
