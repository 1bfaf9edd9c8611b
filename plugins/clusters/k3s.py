"""k3s: Kubernetes in one program, for boards; its containerd is in there, too."""

from __future__ import annotations

from collections.abc import Mapping

from sdk_hooks import hookimpl
from sdk_hooks.kubernetes import NodeStore

from ._stores import Containerd, CriO, by_runtime  # noqa: TID251  relatively it is no second copy

# What is imported stays in its containerd: /var/lib/rancher/k3s/agent/images is read again at every start,
# and is for images that must be there before anybody can log in.
_STORES: Mapping[str, NodeStore] = {"containerd": Containerd("k3s", "ctr"), "cri-o": CriO()}


class K3s:
    name = "k3s"
    summary = "Kubernetes in one program, for boards and edge nodes"
    kubectl = ("k3s", "kubectl")

    def marks(self, version: str, labels: Mapping[str, str]) -> bool:  # noqa: ARG002
        return "+k3s" in version

    def store(self, runtime: str) -> NodeStore | None:
        return by_runtime(runtime, _STORES)


@hookimpl
def sdk_clusters() -> list[K3s]:
    return [K3s()]
