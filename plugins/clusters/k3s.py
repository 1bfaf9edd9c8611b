"""k3s: Kubernetes in one program, for boards; its containerd is in there, too."""

from __future__ import annotations

from collections.abc import Mapping

from sdk_hooks import hookimpl
from sdk_hooks.kubernetes import NodeStore
from sdk_hooks.nodes import NodeNeeds, Port, Size, Sysctl

from ._effects import CPU_LIMITS, HUGE, IO, words  # noqa: TID251  relatively it is no second copy
from ._stores import Containerd, CriO, by_runtime  # noqa: TID251  relatively it is no second copy

# What is imported stays in its containerd: /var/lib/rancher/k3s/agent/images is read again at every start,
# and is for images that must be there before anybody can log in.
_STORES: Mapping[str, NodeStore] = {"containerd": Containerd("k3s", "ctr"), "cri-o": CriO()}

# Options: contrib/util/check-config.sh at 06441e8; ports, machines and what is advised: docs.k3s.io
# at 005d295. OVERLAY_FS is optional there, though other snapshotters have to be asked for. The least
# memory is that of earlier documentation for servers, of today's for agents; the disk is a guess.
NEEDS = NodeNeeds(
    distribution="k3s",
    processes=("k3s-server", "k3s-agent", "k3s"),
    helpers=("containerd",),
    ports=(
        Port(6443, "the API server", everywhere=False),
        Port(6444, "the API server"),
        Port(10250, "the kubelet"),
        Port(10248, "the kubelet"),
        Port(10249, "kube-proxy"),
        Port(10256, "kube-proxy"),
        Port(10257, "the controller manager", everywhere=False),
        Port(10258, "the cloud controller manager", everywhere=False),
        Port(10259, "the scheduler", everywhere=False),
        Port(10010, "the runtime"),
        Port(8472, "flannel", "udp"),
        Port(2379, "etcd, with several servers,", everywhere=False, optional=True),
        Port(2380, "etcd, with several servers,", everywhere=False, optional=True),
        Port(5001, "the embedded registry", optional=True),
        Port(51820, "flannel with WireGuard", "udp", optional=True),
    ),
    server=Size(1, 450),
    worker=Size(1, 450),
    advised=Size(2, 1700),
    machines=("x86_64", "aarch64", "armv7l"),
    options=words(
        "NAMESPACES NET_NS PID_NS IPC_NS UTS_NS CGROUPS CGROUP_PIDS CGROUP_SCHED CPUSETS MEMCG "
        "SECCOMP KEYS VETH BRIDGE BRIDGE_NETFILTER IP_NF_FILTER IP_NF_TARGET_MASQUERADE "
        "IP_NF_TARGET_REJECT NETFILTER_XT_MATCH_ADDRTYPE NETFILTER_XT_MATCH_CONNTRACK "
        "NETFILTER_XT_MATCH_IPVS NETFILTER_XT_MATCH_COMMENT NETFILTER_XT_MATCH_MULTIPORT "
        "NETFILTER_XT_MATCH_STATISTIC IP_NF_NAT NF_NAT POSIX_MQUEUE OVERLAY_FS"
    ),
    options_v1=("CGROUP_CPUACCT", "CGROUP_DEVICE", "CGROUP_FREEZER"),
    options_v2=("CGROUP_BPF",),
    useful={
        "VXLAN": "flannel has to be given another backend than its usual one",
        "CFS_BANDWIDTH": CPU_LIMITS,
        "FAIR_GROUP_SCHED": "CPU shares of pods have no effect",
        "USER_NS": "pods can't have users of their own",
        "CGROUP_HUGETLB": HUGE,
        "BLK_CGROUP": IO,
        "BLK_DEV_THROTTLING": IO,
        "IP_SET": "network policies have no effect",
        "IP_VS": "kube-proxy has no ipvs mode",
        "IP_NF_TARGET_REDIRECT": "meshes can't redirect to their proxies",
        "EXT4_FS_POSIX_ACL": "images with access lists can't be unpacked on ext4",
        "EXT4_FS_SECURITY": "images with capabilities can't be unpacked on ext4",
    },
    controllers=("cpu", "cpuset", "memory", "pids"),
    controllers_v1=("cpuacct", "devices", "freezer"),
    sysctls=(Sysctl("kernel.keys.root_maxkeys", 10001, required=False),),
    programs=("mount",),
    handy={"modprobe": "it can't load the kernel's modules"},
    directories=("/var/lib/rancher", "/etc/rancher", "/var/lib/kubelet", "/var/log"),
    disk=1024,
    networks=("10.42.0.0/16", "10.43.0.0/16"),
    nameserver=True,
    swap=True,
    distro_features=("virtualization", "k3s"),
)


class K3s:
    name = "k3s"
    summary = "Kubernetes in one program, for boards and edge nodes"
    kubectl = ("k3s", "kubectl")
    needs = NEEDS

    def marks(self, version: str, labels: Mapping[str, str]) -> bool:  # noqa: ARG002
        return "+k3s" in version

    def store(self, runtime: str) -> NodeStore | None:
        return by_runtime(runtime, _STORES)


@hookimpl
def sdk_clusters() -> list[K3s]:
    return [K3s()]
