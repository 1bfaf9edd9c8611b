"""What is said of kernels: of real ones as they were recorded, and of what was changed in them."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from sdk_hooks.core.nodecheck import kernel
from sdk_hooks.core.nodecheck.facts import Facts, parse
from sdk_hooks.core.nodecheck.findings import fragment
from sdk_hooks.nodes import NodeNeeds

from .node_needs import K3S, K8S

RECORDED = Path(__file__).parent / "nodes"
"""What real machines said, asked for `ALL`: built-in (Debian 12 on a kernel 6.18 without modules, a
node already), busybox (a board in namespaces of it), minimal and modules (Debian kernels 6.12 under
busybox init), systemd (one booted with cgroup_disable=memory). Host names, machine-ids and some
interfaces were replaced."""


def recorded(name: str, *changes: tuple[str, str]) -> Facts:
    """A machine, with lines that a pattern finds replaced."""
    text = (RECORDED / f"{name}.txt").read_text()
    for pattern, line in changes:
        text, count = re.subn(rf"^{pattern}\n", f"{line}\n" if line else "", text, flags=re.MULTILINE)
        assert count, pattern
    return parse(text)


def bad(facts: Facts, needs: NodeNeeds) -> list[tuple[str, str, str, str]]:
    """What isn't fine."""
    found = kernel.findings(facts, needs)
    return [(f.level, f.what, f.detail, f.fix) for f in found if f.level != "ok"]


def test_a_kernel_that_has_it_all_built_in() -> None:
    old = "a kubelet from 1.35 on starts only with failCgroupV1: false"
    v2 = (
        'systemd mounts version 2: INIT_MANAGER = "systemd", and systemd.unified_cgroup_hierarchy=1 in APPEND'
    )
    facts = recorded("built-in")

    assert bad(facts, K8S) == [
        ("warning", "control groups", f"hybrid: version 1, and 2 beside it; {old}", v2)
    ]
    assert [(f.what, f.detail) for f in kernel.findings(facts, K8S) if f.level == "ok"] == [
        ("kernel", "6.18.44-fc-v669"),
        ("kernel options", "21 of 21 that k8s needs, by /proc/config.gz"),
        ("module overlay", "is loaded or built in"),
        ("module br_netfilter", "is loaded or built in"),
        ("controllers", "cpu cpuset memory pids cpuacct devices freezer of control groups version 1"),
    ]


def test_options_that_are_not_set() -> None:
    facts = recorded("built-in", ("option VETH=y", ""), ("option MEMCG=y", "option MEMCG=n"))
    of = "in a .cfg of linux-yocto's SRC_URI, or KERNEL_FEATURES:append"

    assert bad(facts, K3S)[:5] == [
        (
            "error",
            "kernel options",
            "28 of 31 that k3s needs, by /proc/config.gz",
            'DISTRO_FEATURES:append = " virtualization k3s" with meta-virtualization,'
            " which brings most of them; and those below",
        ),
        ("error", "CONFIG_MEMCG", "is not set", f'CONFIG_MEMCG=y {of} = " cfg/kubernetes.scc"'),
        ("error", "CONFIG_VETH", "is not set", f'CONFIG_VETH=m {of} = " cfg/kubernetes.scc"'),
        (
            "error",
            "CONFIG_NETFILTER_XT_MATCH_IPVS",
            "is not set",
            f'CONFIG_NETFILTER_XT_MATCH_IPVS=m {of} = " cfg/kubernetes.scc"',
        ),
        (
            "warning",
            "CONFIG_IP_VS",
            "is not set: kube-proxy has no ipvs mode",
            f'CONFIG_IP_VS=m {of} = " cfg/kubernetes.scc"',
        ),
    ]
    assert fragment(kernel.findings(facts, K3S)) == (
        "CONFIG_IP_VS=m\nCONFIG_MEMCG=y\nCONFIG_NETFILTER_XT_MATCH_IPVS=m\nCONFIG_VETH=m\n"
    )


def test_a_module_that_is_built_and_not_installed() -> None:
    facts = recorded("built-in", ("option VETH=y", "option VETH=m"))
    line = 'IMAGE_INSTALL:append = " kernel-module-veth"'

    assert ("error", "CONFIG_VETH", "is a module, and veth is not installed", line) in bad(facts, K8S)
    there = recorded("built-in", ("option VETH=y", "option VETH=m\ninstalled veth"))
    assert "CONFIG_VETH" not in [what for _, what, _, _ in bad(there, K8S)]


def test_iptables_that_speaks_nf_tables_needs_no_older_tables() -> None:
    gone = ("option IP_NF_FILTER=y", "")

    assert "CONFIG_IP_NF_FILTER" not in [what for _, what, _, _ in bad(recorded("built-in", gone), K3S)]
    older = ("iptables .*", "iptables iptables v1.8.9 (legacy)")
    assert "CONFIG_IP_NF_FILTER" in [what for _, what, _, _ in bad(recorded("built-in", gone, older), K3S)]
    half = ("option NFT_COMPAT=y", "")
    assert "CONFIG_IP_NF_FILTER" in [what for _, what, _, _ in bad(recorded("built-in", gone, half), K3S)]


@pytest.mark.parametrize("name", ["minimal", "modules"])
def test_a_configuration_that_can_not_be_read_is_no_lack(name: str) -> None:
    facts = recorded(name)
    places = f"no /proc/config.gz and no /boot/config-{facts.one('kernel')}"
    unknown = "CGROUP_BPF CFS_BANDWIDTH BLK_DEV_THROTTLING EXT4_FS_POSIX_ACL EXT4_FS_SECURITY"

    assert bad(facts, K3S) == [
        (
            "warning",
            "kernel configuration",
            f"not readable: {places}; nothing shows {unknown}",
            "CONFIG_IKCONFIG=y and CONFIG_IKCONFIG_PROC=y in a .cfg of linux-yocto's SRC_URI",
        )
    ]


def test_a_module_that_nobody_loads() -> None:
    detail = "is not loaded, and k8s doesn't load it"
    line = 'KERNEL_MODULE_AUTOLOAD += "br_netfilter"'

    assert ("warning", "module br_netfilter", detail, line) in bad(recorded("modules"), K8S)
    loaded = recorded("modules", ("installed br_netfilter", "installed br_netfilter\nloaded br_netfilter"))
    assert "module br_netfilter" not in [what for _, what, _, _ in bad(loaded, K8S)]


def controllers(facts: Facts, needs: NodeNeeds = K3S) -> list[tuple[str, str, str, str]]:
    return [found for found in bad(facts, needs) if found[1].startswith(("controller", "control groups"))]


def test_a_controller_that_the_boot_loader_switched_off() -> None:
    detail = "is switched off by cgroup_disable=memory on the kernel's command line"
    line = "take it out of there, or add cgroup_enable=memory to APPEND"

    assert controllers(recorded("systemd")) == [("error", "controller memory", detail, line)]
    unreadable = [detail for _, what, detail, _ in bad(recorded("systemd"), K8S) if "configuration" in what]
    assert "MEMCG" not in unreadable[0]


def test_a_controller_that_is_not_there() -> None:
    quiet = recorded("systemd", ("boot .*", ""))
    line = 'APPEND += "cgroup_enable=memory" (CMDLINE:append with meta-raspberrypi)'

    assert controllers(quiet) == [
        ("error", "controller memory", "is not there, though the kernel may have it", line)
    ]
    unbuilt = recorded("systemd", ("boot .*", "config /proc/config.gz"))
    assert controllers(unbuilt) == [
        (
            "error",
            "controller memory",
            "is not there: CONFIG_MEMCG is not set",
            "CONFIG_MEMCG=y in a .cfg of linux-yocto's SRC_URI,"
            ' or KERNEL_FEATURES:append = " cfg/kubernetes.scc"',
        )
    ]


def test_control_groups_that_are_not_mounted() -> None:
    lite = 'INIT_MANAGER = "systemd", or IMAGE_INSTALL:append = " cgroup-lite" (meta-virtualization)'
    none = recorded("minimal", ("cgroup 2", ""), ("controllers .*", ""))

    assert controllers(none) == [("error", "control groups", "are not mounted", lite)]
    some = recorded("busybox", ("controller pids 8 1", "controller pids 0 1"))
    assert controllers(some)[1:] == [("error", "controller pids", "is not mounted", lite)]


def test_a_kernel_that_is_too_old() -> None:
    old = recorded("minimal", ("kernel .*", "kernel 4.19.310-yocto-standard"))
    newer = 'PREFERRED_VERSION_linux-yocto = "6.18%", or another one that the BSP has'
    detail = "4.19.310-yocto-standard, older than 5.4, the oldest that k8s is tried with"

    assert bad(old, K8S)[0] == ("warning", "kernel", detail, newer)
    assert bad(old, replace(K8S, kernel=(4, 19)))[0][1] != "kernel"
    assert "kernel" not in [what for _, what, _, _ in bad(recorded("minimal"), K8S)]
