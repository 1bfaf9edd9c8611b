"""microk8s: Canonical's Kubernetes as a snap, with a containerd of its own."""

from __future__ import annotations

from collections.abc import Mapping

from sdk_hooks import hookimpl
from sdk_hooks.kubernetes import NodeStore

from ._stores import Containerd, by_runtime  # noqa: TID251  relatively it is no second copy

_STORES: Mapping[str, NodeStore] = {"containerd": Containerd("microk8s", "ctr")}


class MicroK8s:
    name = "microk8s"
    summary = "Kubernetes as a snap, of Ubuntu and Ubuntu Core"
    kubectl = ("microk8s", "kubectl")

    def marks(self, version: str, labels: Mapping[str, str]) -> bool:  # noqa: ARG002
        return "microk8s.io/cluster" in labels

    def store(self, runtime: str) -> NodeStore | None:
        return by_runtime(runtime, _STORES)


@hookimpl
def sdk_clusters() -> list[MicroK8s]:
    return [MicroK8s()]
