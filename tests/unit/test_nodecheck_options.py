"""Kernel options that nodes are checked for, against the lists that the distributions publish themselves."""

from pathlib import Path

import pytest

from sdk_hooks.core.nodecheck import kernel, options
from sdk_hooks.nodes import NodeNeeds

from .node_needs import ALL, K3S, K8S, MICROK8S

EVERY = (K8S, K3S, MICROK8S)


def all_of(needs: NodeNeeds) -> set[str]:
    return {*needs.options, *needs.options_v1, *needs.options_v2}


def test_what_kubeadm_requires() -> None:
    """validators/types_unix.go of kubernetes/system-validators v1.12.0-4-g9040bc2 (October 2025)."""
    required = (
        "NAMESPACES NET_NS PID_NS IPC_NS UTS_NS CPUSETS MEMCG INET EXT4_FS PROC_FS "
        "NETFILTER_XT_TARGET_REDIRECT NETFILTER_XT_MATCH_COMMENT FAIR_GROUP_SCHED"
    )
    v1 = "CGROUPS CGROUP_CPUACCT CGROUP_DEVICE CGROUP_FREEZER CGROUP_PIDS CGROUP_SCHED"
    v2 = "CGROUPS CGROUP_BPF CGROUP_PIDS CGROUP_SCHED"
    optional = "OVERLAY_FS CFS_BANDWIDTH SECCOMP SECCOMP_FILTER CGROUP_HUGETLB"
    # and AUFS_FS, BLK_DEV_DM: storage that no supported runtime uses any more

    assert set(required.split()) <= set(K8S.options)
    assert set(v1.split()) <= {*K8S.options, *K8S.options_v1}
    assert set(v2.split()) <= {*K8S.options, *K8S.options_v2}
    assert set(optional.split()) <= {*K8S.options, *K8S.useful}
    assert {*K8S.options} - set(f"{required} {v1} {v2}".split()) == {"OVERLAY_FS", "VETH"}
    assert options.INSTEAD == {"NETFILTER_XT_TARGET_REDIRECT": ("IP_NF_TARGET_REDIRECT",)}


def test_control_groups_that_kubeadm_requires() -> None:
    """As above; in version 2 devices and freezer are no controllers, but always there."""
    assert (*K8S.controllers, *K8S.controllers_v1) == (
        *("cpu", "cpuset", "memory", "pids"),
        *("cpuacct", "devices", "freezer"),
    )
    assert K8S.kernel == (5, 4)


def test_what_k3s_requires() -> None:
    """contrib/util/check-config.sh of k3s-io/k3s at 06441e848938f0da4020814829148de28cf77112."""
    necessary = (
        "NAMESPACES NET_NS PID_NS IPC_NS UTS_NS CGROUPS CGROUP_PIDS CGROUP_CPUACCT CGROUP_DEVICE "
        "CGROUP_FREEZER CGROUP_SCHED CPUSETS MEMCG SECCOMP KEYS VETH BRIDGE BRIDGE_NETFILTER IP_NF_FILTER "
        "IP_NF_TARGET_MASQUERADE IP_NF_TARGET_REJECT NETFILTER_XT_MATCH_ADDRTYPE "
        "NETFILTER_XT_MATCH_CONNTRACK NETFILTER_XT_MATCH_IPVS NETFILTER_XT_MATCH_COMMENT "
        "NETFILTER_XT_MATCH_MULTIPORT "
        "NETFILTER_XT_MATCH_STATISTIC IP_NF_NAT NF_NAT POSIX_MQUEUE"
    )
    optional = (
        "USER_NS BLK_CGROUP BLK_DEV_THROTTLING CGROUP_HUGETLB CFS_BANDWIDTH FAIR_GROUP_SCHED "
        "IP_NF_TARGET_REDIRECT IP_SET IP_VS EXT4_FS_POSIX_ACL EXT4_FS_SECURITY VXLAN OVERLAY_FS"
    )
    # Left out of what is optional there: CGROUP_PERF, NET_CLS_CGROUP and CGROUP_NET_PRIO, which nothing in a
    # cluster uses; RT_GROUP_SCHED, with which systemd starts no real-time process; IP_VS_*, which go with
    # IP_VS; EXT4_FS itself, which is the root's or isn't; CRYPTO* and XFRM*, of networks encrypted by IPsec.

    assert all_of(K3S) - {"OVERLAY_FS", "CGROUP_BPF"} == set(necessary.split())
    assert {*K3S.useful, "OVERLAY_FS"} == set(optional.split())


def test_the_kernel_cache_has_what_is_said_to_be_in_it() -> None:
    """nodes/kernel-cache.list: what files of yocto-kernel-cache set, with what they include, in the copy of
    MontaVista-OpenSourceTechnology at 16d3c321 (April 2026)."""
    lines = (Path(__file__).parent / "nodes" / "kernel-cache.list").read_text().splitlines()
    sets = {feature: set(names.split()) for feature, _, names in (line.partition(": ") for line in lines)}
    wrong = [option for option, feature in options.FEATURE.items() if option not in sets[feature]]
    nowhere = {"KEYS", "POSIX_MQUEUE", "SECCOMP", "SECCOMP_FILTER", "SQUASHFS"}

    assert wrong == []
    assert {option for option in kernel.asked(ALL) if option not in options.FEATURE} == nowhere
    assert nowhere.isdisjoint(set().union(*sets.values()))


@pytest.mark.parametrize("needs", EVERY, ids=lambda needs: needs.distribution)
def test_a_list_names_nothing_twice(needs: NodeNeeds) -> None:
    named = [*needs.options, *needs.options_v1, *needs.options_v2, *needs.useful]

    assert sorted(named) == sorted(set(named))
    ports = [(port.number, port.protocol) for port in needs.ports]
    assert sorted(ports) == sorted(set(ports))
    assert all(len(name) <= 15 for name in (*needs.processes, *needs.helpers))


@pytest.mark.parametrize(
    ("option", "text"),
    [
        (
            "VETH",
            "CONFIG_VETH=m in a .cfg of linux-yocto's SRC_URI,"
            ' or KERNEL_FEATURES:append = " cfg/kubernetes.scc"',
        ),
        (
            "BRIDGE_NETFILTER",
            "CONFIG_BRIDGE_NETFILTER=m in a .cfg of linux-yocto's SRC_URI,"
            ' or KERNEL_FEATURES:append = " cfg/net/bridge.scc"',
        ),
        (
            "CGROUP_PIDS",
            "CONFIG_CGROUP_PIDS=y in a .cfg of linux-yocto's SRC_URI,"
            ' or KERNEL_FEATURES:append = " features/cgroups/cgroups.scc"',
        ),
        ("SECCOMP", "CONFIG_SECCOMP=y in a .cfg of linux-yocto's SRC_URI"),
        (
            "EXT4_FS",
            "CONFIG_EXT4_FS=y in a .cfg of linux-yocto's SRC_URI,"
            ' or KERNEL_FEATURES:append = " cfg/kubernetes.scc"',
        ),
    ],
)
def test_how_a_kernel_gets_an_option(option: str, text: str) -> None:
    assert options.fix(option) == text


def test_packages_of_modules_are_named_as_kernel_recipes_name_them() -> None:
    assert options.package("xt_MASQUERADE") == "kernel-module-xt-masquerade"
    assert options.package("br_netfilter") == "kernel-module-br-netfilter"
