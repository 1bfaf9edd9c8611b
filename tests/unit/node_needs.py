"""What the three distributions need of a node, as their plugins state it, and where it is published."""

from dataclasses import replace

from sdk_hooks.nodes import NodeNeeds, Port, Size, Sysctl


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


CPU_LIMITS = "CPU limits of pods have no effect"
HUGE = "pods can't have huge pages"
IO = "what pods read and write is neither counted nor limited"

K8S = NodeNeeds(
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
"""Options, controllers and kernel: kubernetes/system-validators v1.12.0-4-g9040bc2. Processors,
memory, ports: kubeadm's constants.go at 00886ac; programs: its checks_linux.go at 039c72e; disk:
README of meta-virtualization. VETH and OVERLAY_FS are added, as no network and no image works
without them. Not looked up, but known: what a worker needs, ports of kube-proxy, machines, modules,
the network of services."""

K3S = NodeNeeds(
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
"""Options: contrib/util/check-config.sh at 06441e8; ports, machines and what is advised: docs.k3s.io
at 005d295. OVERLAY_FS is optional there, though other snapshotters have to be asked for. The least
memory is that of earlier documentation for servers, of today's for agents; the disk is a guess."""

MICROK8S = NodeNeeds(
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
    options=(*K8S.options, "IP_NF_FILTER", "IP_NF_NAT", "SQUASHFS", "BRIDGE_NETFILTER"),
    options_v1=K8S.options_v1,
    options_v2=K8S.options_v2,
    useful={"CFS_BANDWIDTH": CPU_LIMITS, "CGROUP_HUGETLB": HUGE, "IP_SET": "calico can't set its policies"},
    controllers=K8S.controllers,
    controllers_v1=K8S.controllers_v1,
    programs=("snap", "systemctl"),
    inits=("systemd",),
    directories=("/var/snap", "/var/lib/kubelet", "/var/log"),
    disk=4096,
    networks=("10.1.0.0/16", "10.152.183.0/24"),
    swap=True,
)
"""Ports: microk8s.io/docs/services-and-ports. Not looked up, but known or guessed: all the rest; its
options are those of kubeadm, with squashfs for snaps."""

ALL = replace(
    K3S,
    **{
        name: tuple(dict.fromkeys(each for needs in (K3S, K8S, MICROK8S) for each in getattr(needs, name)))
        for name in ("processes", "ports", "options", "modules", "sysctls", "programs", "directories")
    },
    useful={**K3S.useful, **K8S.useful, **MICROK8S.useful},
    handy={**K3S.handy, **K8S.handy},
)
"""Everything that any of them asks for: what the recorded machines were asked."""
