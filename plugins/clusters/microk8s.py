"""microk8s: Canonical's Kubernetes as a snap, with a containerd of its own."""

from __future__ import annotations

from collections.abc import Mapping

from sdk_hooks import hookimpl
from sdk_hooks.kubernetes import NodeStore
from sdk_hooks.nodes import NodeNeeds, Port, Size

from . import k8s  # noqa: TID251  relatively it is no second copy
from ._effects import CPU_LIMITS, HUGE  # noqa: TID251  relatively it is no second copy
from ._stores import Containerd, by_runtime  # noqa: TID251  relatively it is no second copy

_STORES: Mapping[str, NodeStore] = {"containerd": Containerd("microk8s", "ctr")}

# Ports: microk8s.io/docs/services-and-ports. Not looked up, but known or guessed: all the rest; its
# options are those of kubeadm, with squashfs for snaps.
_K8S = k8s.NEEDS
NEEDS = NodeNeeds(
    distribution="microk8s",
    processes=("kubelite",),
    helpers=("cluster-agent", "k8s-dqlite", "containerd"),
    ports=(
        Port(16443, "the API server"),
        Port(25000, "the cluster agent"),
        Port(19001, "dqlite", everywhere=False),
        Port(10250, "the kubelet"),
        Port(10248, "the kubelet"),
        Port(10255, "the kubelet"),
        Port(10249, "kube-proxy"),
        Port(10256, "kube-proxy"),
        Port(10257, "the controller manager", everywhere=False),
        Port(10259, "the scheduler", everywhere=False),
        Port(1338, "the runtime"),
        Port(4789, "calico", "udp"),
    ),
    server=Size(1, 540),
    worker=Size(1, 540),
    advised=Size(1, 3700),
    machines=("x86_64", "aarch64", "ppc64le", "s390x"),
    options=(*_K8S.options, "IP_NF_FILTER", "IP_NF_NAT", "SQUASHFS", "BRIDGE_NETFILTER"),
    options_v1=_K8S.options_v1,
    options_v2=_K8S.options_v2,
    useful={"CFS_BANDWIDTH": CPU_LIMITS, "CGROUP_HUGETLB": HUGE, "IP_SET": "calico can't set its policies"},
    controllers=_K8S.controllers,
    controllers_v1=_K8S.controllers_v1,
    programs=("snap", "systemctl"),
    inits=("systemd",),
    directories=("/var/snap", "/var/lib/kubelet", "/var/log"),
    disk=4096,
    networks=("10.1.0.0/16", "10.152.183.0/24"),
    swap=True,
)


class MicroK8s:
    name = "microk8s"
    summary = "Kubernetes as a snap, of Ubuntu and Ubuntu Core"
    kubectl = ("microk8s", "kubectl")
    needs = NEEDS

    def marks(self, version: str, labels: Mapping[str, str]) -> bool:  # noqa: ARG002
        return "microk8s.io/cluster" in labels

    def store(self, runtime: str) -> NodeStore | None:
        return by_runtime(runtime, _STORES)


@hookimpl
def sdk_clusters() -> list[MicroK8s]:
    return [MicroK8s()]
