"""Kubernetes as its project publishes it: kubeadm, or anything else with a kubelet of its own."""

from __future__ import annotations

from collections.abc import Mapping

from sdk_hooks import hookimpl
from sdk_hooks.kubernetes import NodeStore
from sdk_hooks.nodes import NodeNeeds, Port, Size, Sysctl

from ._effects import CPU_LIMITS, HUGE, words  # noqa: TID251  relatively it is no second copy
from ._stores import Containerd, CriO, by_runtime  # noqa: TID251  relatively it is no second copy

_STORES: Mapping[str, NodeStore] = {"containerd": Containerd("ctr"), "cri-o": CriO()}

# Options, controllers and kernel: kubernetes/system-validators v1.12.0-4-g9040bc2. Processors,
# memory, ports: kubeadm's constants.go at 00886ac; programs: its checks_linux.go at 039c72e; disk:
# README of meta-virtualization. VETH and OVERLAY_FS are added, as no network and no image works
# without them. Not looked up, but known: what a worker needs, ports of kube-proxy, machines, modules,
# the network of services.
NEEDS = NodeNeeds(
    distribution="k8s",
    processes=("kubelet",),
    helpers=("kube-apiserver", "kube-controller", "kube-scheduler", "etcd", "kube-proxy"),
    ports=(
        Port(6443, "the API server", everywhere=False),
        Port(2379, "etcd", everywhere=False),
        Port(2380, "etcd", everywhere=False),
        Port(10257, "the controller manager", everywhere=False),
        Port(10259, "the scheduler", everywhere=False),
        Port(10250, "the kubelet"),
        Port(10248, "the kubelet"),
        Port(10249, "kube-proxy"),
        Port(10256, "kube-proxy"),
        Port(8472, "flannel, where that is the network,", "udp", optional=True),
    ),
    server=Size(2, 1700),
    worker=Size(1, 512),
    advised=Size(2, 1700),
    machines=("x86_64", "aarch64", "ppc64le", "s390x"),
    kernel=(5, 4),
    options=words(
        "NAMESPACES NET_NS PID_NS IPC_NS UTS_NS CGROUPS CGROUP_PIDS CGROUP_SCHED CPUSETS MEMCG INET "
        "EXT4_FS PROC_FS NETFILTER_XT_TARGET_REDIRECT NETFILTER_XT_MATCH_COMMENT FAIR_GROUP_SCHED "
        "OVERLAY_FS VETH"
    ),
    options_v1=("CGROUP_CPUACCT", "CGROUP_DEVICE", "CGROUP_FREEZER"),
    options_v2=("CGROUP_BPF",),
    useful={
        "CFS_BANDWIDTH": CPU_LIMITS,
        "SECCOMP": "pods run without a filter of system calls",
        "SECCOMP_FILTER": "pods run without a filter of system calls",
        "CGROUP_HUGETLB": HUGE,
        "BRIDGE_NETFILTER": "pods don't reach services of their own node where the network is a bridge",
        "VXLAN": "networks such as flannel can't make their tunnels",
    },
    controllers=("cpu", "cpuset", "memory", "pids"),
    controllers_v1=("cpuacct", "devices", "freezer"),
    modules=("overlay", "br_netfilter"),
    sysctls=(
        Sysctl("net.ipv4.ip_forward", 1),
        Sysctl("net.bridge.bridge-nf-call-iptables", 1, required=False),
    ),
    programs=("ip", "iptables", "mount", "nsenter"),
    handy={
        "conntrack": "kube-proxy before 1.32 does not start",
        "ebtables": "kubeadm warns of it",
        "ethtool": "kubeadm warns of it",
        "socat": "`kubectl port-forward` fails with some runtimes",
        "tc": "bandwidth limits of pods have no effect",
    },
    inits=("systemd",),
    directories=("/var/lib/kubelet", "/var/lib/containerd", "/etc/kubernetes", "/etc/cni/net.d", "/var/log"),
    disk=2048,
    networks=("10.96.0.0/12",),
    distro_features=("virtualization", "k8s"),
)


class K8s:
    name = "k8s"
    summary = "Kubernetes by kubeadm or by hand, with containerd or cri-o on the nodes"
    kubectl = ("kubectl",)
    needs = NEEDS

    def marks(self, version: str, labels: Mapping[str, str]) -> bool:  # noqa: ARG002
        return "+" not in version

    def store(self, runtime: str) -> NodeStore | None:
        return by_runtime(runtime, _STORES)


@hookimpl
def sdk_clusters() -> list[K8s]:
    return [K8s()]
