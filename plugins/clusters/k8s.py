"""Kubernetes as its project publishes it: kubeadm, or anything else with a kubelet of its own."""

from __future__ import annotations

from collections.abc import Mapping

from sdk_hooks import hookimpl
from sdk_hooks.kubernetes import NodeStore

from ._stores import Containerd, CriO, by_runtime  # noqa: TID251  relatively it is no second copy

_STORES: Mapping[str, NodeStore] = {"containerd": Containerd("ctr"), "cri-o": CriO()}


class K8s:
    name = "k8s"
    summary = "Kubernetes by kubeadm or by hand, with containerd or cri-o on the nodes"
    kubectl = ("kubectl",)

    def marks(self, version: str, labels: Mapping[str, str]) -> bool:  # noqa: ARG002
        return "+" not in version

    def store(self, runtime: str) -> NodeStore | None:
        return by_runtime(runtime, _STORES)


@hookimpl
def sdk_clusters() -> list[K8s]:
    return [K8s()]
