"""Kernel options: how they are built, where Yocto's kernel cache has them, what shows them on a machine."""

from __future__ import annotations

_FEATURES = {
    "cfg/kubernetes.scc": (
        "NAMESPACES NET_NS PID_NS IPC_NS UTS_NS USER_NS CGROUPS CGROUP_CPUACCT CGROUP_DEVICE CGROUP_FREEZER "
        "CGROUP_SCHED CGROUP_BPF CGROUP_HUGETLB CPUSETS MEMCG FAIR_GROUP_SCHED CFS_BANDWIDTH BLK_CGROUP "
        "BLK_DEV_THROTTLING VETH VXLAN OVERLAY_FS INET PROC_FS EXT4_FS IP_NF_FILTER IP_NF_NAT NF_NAT "
        "IP_NF_TARGET_MASQUERADE IP_NF_TARGET_REDIRECT NETFILTER_XT_TARGET_REDIRECT "
        "NETFILTER_XT_MATCH_ADDRTYPE NETFILTER_XT_MATCH_COMMENT NETFILTER_XT_MATCH_IPVS IP_SET IP_VS "
        "IP_VS_NFCT IP_VS_PROTO_TCP IP_VS_PROTO_UDP IP_VS_RR"
    ),
    "features/cgroups/cgroups.scc": "CGROUP_PIDS CGROUP_PERF",
    "features/netfilter/netfilter.scc": (
        "NETFILTER_XT_MATCH_CONNTRACK NETFILTER_XT_MATCH_MULTIPORT NETFILTER_XT_MATCH_STATISTIC "
        "IP_NF_TARGET_REJECT"
    ),
    "features/nf_tables/nf_tables.scc": "NF_TABLES NFT_COMPAT",
    "cfg/net/bridge.scc": "BRIDGE BRIDGE_NETFILTER",
    "cfg/fs/ext4.scc": "EXT4_FS_POSIX_ACL EXT4_FS_SECURITY",
}
"""Files of yocto-kernel-cache (a copy of its master of April 2026) by what they set; `include` followed."""

FEATURE = {option: feature for feature, options in _FEATURES.items() for option in options.split()}

MODULES = {
    "BLK_DEV_DM": ("dm_mod",),
    "BRIDGE": ("bridge",),
    "BRIDGE_NETFILTER": ("br_netfilter",),
    "EXT4_FS": ("ext4",),
    "IP_NF_FILTER": ("iptable_filter",),
    "IP_NF_NAT": ("iptable_nat",),
    "IP_NF_TARGET_MASQUERADE": ("xt_MASQUERADE", "ipt_MASQUERADE"),
    "IP_NF_TARGET_REDIRECT": ("xt_REDIRECT",),
    "IP_NF_TARGET_REJECT": ("ipt_REJECT",),
    "IP_SET": ("ip_set",),
    "IP_VS": ("ip_vs",),
    "IP_VS_RR": ("ip_vs_rr",),
    "NETFILTER_XT_MATCH_ADDRTYPE": ("xt_addrtype",),
    "NETFILTER_XT_MATCH_COMMENT": ("xt_comment",),
    "NETFILTER_XT_MATCH_CONNTRACK": ("xt_conntrack",),
    "NETFILTER_XT_MATCH_IPVS": ("xt_ipvs",),
    "NETFILTER_XT_MATCH_MULTIPORT": ("xt_multiport",),
    "NETFILTER_XT_MATCH_STATISTIC": ("xt_statistic",),
    "NETFILTER_XT_TARGET_REDIRECT": ("xt_REDIRECT",),
    "NFT_COMPAT": ("nft_compat",),
    "NF_NAT": ("nf_nat",),
    "NF_TABLES": ("nf_tables",),
    "OVERLAY_FS": ("overlay",),
    "VETH": ("veth",),
    "VXLAN": ("vxlan",),
}
"""By option, the modules that it is when it isn't built in: any of them, as names changed over time."""

INSTEAD = {"NETFILTER_XT_TARGET_REDIRECT": ("IP_NF_TARGET_REDIRECT",)}
"""Older names that do as well."""

TABLES = ("NF_TABLES", "NFT_COMPAT")
LEGACY = ("IP_NF_FILTER", "IP_NF_NAT", "IP_NF_TARGET_MASQUERADE", "IP_NF_TARGET_REJECT")
"""What an iptables that speaks to nf_tables does with TABLES instead."""

PATHS = {
    "IPC_NS": "/proc/self/ns/ipc",
    "NET_NS": "/proc/self/ns/net",
    "PID_NS": "/proc/self/ns/pid",
    "USER_NS": "/proc/self/ns/user",
    "UTS_NS": "/proc/self/ns/uts",
    "NAMESPACES": "/proc/self/ns",
    "CGROUPS": "/proc/self/cgroup",
    "BRIDGE_NETFILTER": "/proc/sys/net/bridge/bridge-nf-call-iptables",
    "INET": "/proc/sys/net/ipv4",
    "IP_VS": "/proc/net/ip_vs",
    "KEYS": "/proc/keys",
    "POSIX_MQUEUE": "/proc/sys/fs/mqueue",
    "PROC_FS": "/proc/self",
    "SECCOMP": "/proc/sys/kernel/seccomp",
    "SECCOMP_FILTER": "/proc/sys/kernel/seccomp",
}
"""What is there when the option is, and can't be without it."""

FILESYSTEMS = {"EXT4_FS": "ext4", "OVERLAY_FS": "overlay"}

CONTROLLERS = {
    "BLK_CGROUP": ("blkio", "io"),
    "CGROUP_CPUACCT": ("cpuacct",),
    "CGROUP_DEVICE": ("devices",),
    "CGROUP_FREEZER": ("freezer",),
    "CGROUP_HUGETLB": ("hugetlb",),
    "CGROUP_PIDS": ("pids",),
    "CGROUP_SCHED": ("cpu",),
    "CPUSETS": ("cpuset",),
    "FAIR_GROUP_SCHED": ("cpu",),
    "MEMCG": ("memory",),
}
"""Controllers of which each shows that the option is there."""


def setting(option: str) -> str:
    """The line of a kernel fragment that brings *option*."""
    # what may be on the root file system is of no use as a module
    return f"CONFIG_{option}={'m' if option in MODULES and option != 'EXT4_FS' else 'y'}"


def package(module: str) -> str:
    """The package that kernel recipes put *module* into."""
    return f"kernel-module-{module.lower().replace('_', '-')}"


def fix(option: str) -> str:
    """How a kernel of linux-yocto gets *option*."""
    feature = FEATURE.get(option)
    line = f"{setting(option)} in a .cfg of linux-yocto's SRC_URI"
    return f'{line}, or KERNEL_FEATURES:append = " {feature}"' if feature else line
