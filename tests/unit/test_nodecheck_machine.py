"""What is said of machines, their network and their disk: of real ones as recorded, and with changes."""

import dataclasses
import json
from dataclasses import replace

import pytest

from sdk_hooks.core.deploy.connection import Local
from sdk_hooks.core.nodecheck import machine, places, preflight
from sdk_hooks.core.nodecheck.facts import Facts, parse
from sdk_hooks.core.nodecheck.findings import Finding, lines, status
from sdk_hooks.errors import SdkError
from sdk_hooks.nodes import NodeNeeds, Size

from .node_needs import K3S, K8S, MICROK8S
from .test_nodecheck_kernel import recorded

Row = tuple[str, str, str]


def said(facts: Facts, needs: NodeNeeds, *what: str, worker: bool = False) -> list[Row]:
    """What is found of *what*: (level, detail, fix)."""
    every = (*machine.findings(facts, needs, worker=worker), *places.findings(facts, needs, worker=worker))
    return [(found.level, found.detail, found.fix) for found in every if found.what in what]


def test_a_board_that_is_too_small() -> None:
    small = recorded("modules")
    smp, memory = 'QB_SMP = "-smp 2" for QEMU', 'QB_MEM = "-m 2125" for QEMU'

    assert said(small, K8S, "processors", "memory") == [
        ("error", "1, less than the 2 that a control plane needs", smp),
        ("error", "462 MB, less than the 1700 MB that a control plane needs", memory),
    ]
    assert said(small, K3S, "processors", "memory") == [
        ("warning", "1, less than the 2 that are recommended for a control plane", smp),
        ("warning", "462 MB, less than the 1700 MB that are recommended for a control plane", memory),
    ]
    assert said(small, K3S, "processors", "memory", worker=True) == [("ok", "1", ""), ("ok", "462 MB", "")]
    assert said(small, replace(K8S, worker=Size(1, 600)), "memory", worker=True) == [
        ("error", "462 MB, less than the 600 MB that a worker needs", 'QB_MEM = "-m 750" for QEMU')
    ]


def test_a_machine_that_it_is_not_published_for() -> None:
    build = "build it from the recipe of meta-virtualization"
    old = recorded("minimal", ("machine .*", "machine armv5tel"))

    assert said(old, K3S, "machine") == [("warning", "armv5tel, which k3s is not published for", build)]


def test_swap() -> None:
    facts = recorded("minimal", ("cpus 1", "cpus 1\nswap 1048572 /dev/mmcblk0p4"))
    off = "take its line out of fstab and the swap partition out of the .wks, or set failSwapOn: false"
    detail = "on /dev/mmcblk0p4; a kubelet does not start with it by itself"

    assert said(facts, K8S, "swap") == [("error", detail, off)]
    assert said(facts, K3S, "swap") == [("warning", detail, off)]
    assert said(recorded("minimal"), K8S, "swap") == [("ok", "none", "")]


def test_init_and_programs() -> None:
    facts = recorded("minimal")

    assert said(facts, K8S, "init") == [
        ("error", "busybox; k8s is started by systemd", 'INIT_MANAGER = "systemd"')
    ]
    assert said(recorded("systemd"), K8S, "init") == [("ok", "systemd", "")]
    assert said(facts, K3S, "init") == [("ok", "busybox", "")]
    assert said(facts, K8S, "program iptables", "program conntrack") == [
        ("error", "is not installed", 'IMAGE_INSTALL:append = " iptables"'),
        (
            "warning",
            "is not installed: kube-proxy before 1.32 does not start",
            'IMAGE_INSTALL:append = " conntrack-tools" (meta-networking)',
        ),
    ]
    assert said(facts, MICROK8S, "program snap") == [
        ("error", "is not installed", 'IMAGE_INSTALL:append = " snapd" (meta-snapd, not of OpenEmbedded)')
    ]


def test_settings_of_the_kernel() -> None:
    bridge = "net.bridge.bridge-nf-call-iptables"
    off = recorded("built-in", ("sysctl net/bridge.*", "sysctl net/bridge/bridge-nf-call-iptables 0"))
    line = "a bbappend of base-files with {} = 1 in /etc/sysctl.d/99-kubernetes.conf"

    assert said(off, K8S, "net.ipv4.ip_forward", bridge) == [
        ("error", "0, not 1 or more", line.format("net.ipv4.ip_forward")),
        ("warning", "0, not 1 or more", line.format(bridge)),
    ]
    assert said(recorded("minimal"), K8S, bridge) == []  # there is none before its module is loaded
    assert said(recorded("minimal"), K3S, "kernel.keys.root_maxkeys") == [("ok", "1000000", "")]


KEEP = 'PACKAGECONFIG:append:pn-systemd = " timesyncd", or IMAGE_INSTALL:append = " chrony" (meta-networking)'


@pytest.mark.parametrize(
    ("skew", "row"),
    [
        (0, ("warning", "is right now, and nothing that runs there keeps it so", KEEP)),
        (-61.4, ("error", "61 s behind this machine's; certificates of its cluster fail", KEEP)),
        (3600, ("error", "3600 s ahead of this machine's; certificates of its cluster fail", KEEP)),
    ],
)
def test_the_clock(skew: float, row: Row) -> None:
    assert said(replace(recorded("minimal"), skew=skew), K3S, "clock") == [row]


def test_a_clock_that_was_never_set_or_is_kept_right() -> None:
    unset = recorded("minimal", ("clock .*", "clock 86400"))
    kept = recorded("minimal", ("cpus 1", "cpus 1\nservice chronyd"))

    assert said(unset, K3S, "clock") == [("error", "says 1970-01-02; no certificate is valid then", KEEP)]
    assert said(kept, K3S, "clock") == [("ok", "is right, and kept so", "")]


@pytest.mark.parametrize(
    ("name", "level"),
    [("board-1.example.com", "ok"), ("Board", "error"), ("my_board", "error"), ("localhost", "error"),
     ("-a", "error"), ("a" * 254, "error"), ("7", "ok")],
)  # fmt: skip
def test_names_of_nodes(name: str, level: str) -> None:
    plain = f"{name!r}: a node's name has lower case letters, digits, - and ."
    line = 'hostname:pn-base-files = "NAME", or --node-name where the node is made'
    row = ("ok", name, "") if level == "ok" else ("error", plain, line)

    assert said(recorded("minimal", ("hostname .*", f"hostname {name}")), K3S, "hostname") == [row]


def test_identity_and_security() -> None:
    made = "systemd-machine-id-setup where /etc can be written; else systemd.machine_id= in APPEND"
    first = recorded("systemd", ("identity .*", "identity /etc/machine-id uninitialized"))
    armoured = recorded("systemd", ("apparmor N", "apparmor Y\nselinux 1\nservice firewalld"))

    assert said(recorded("minimal"), K3S, "machine-id") == [
        ("warning", "/etc/machine-id is empty or not there", made)
    ]
    assert said(first, K3S, "machine-id") == [("warning", "/etc/machine-id has 'uninitialized'", made)]
    assert said(armoured, K3S, "AppArmor", "SELinux", "firewall") == [
        (
            "warning",
            "is on, and apparmor_parser is not installed: no profile can be loaded",
            'IMAGE_INSTALL:append = " apparmor" (meta-security)',
        ),
        ("ok", "enforces", ""),
        (
            "warning",
            "firewalld runs: the ports of the cluster have to be open in it",
            "firewall-cmd --permanent --add-port=PORT/tcp",
        ),
    ]


def test_nodes_that_are_too_much_alike() -> None:
    one, two = recorded("built-in"), recorded("systemd")
    other = recorded("minimal", ("hostname .*", "hostname second"), ("mac .*", "mac 52:54:00:12:34:57"))

    assert [(f.level, f.what, f.detail) for f in preflight.alike({"a": one, "b": two, "c": other})] == [
        ("error", "hostname", "board is that of a, b"),
        ("error", "machine-id", "0123456789abcdef0123456789abcdef is that of a, b"),
        ("ok", "MAC address", "differs on every node"),
    ]


def test_a_shell_that_is_none() -> None:
    class Mute(Local):
        def argv(self, command: tuple[str, ...]) -> tuple[str, ...]:
            return ("sh", "-c", "echo This account is not available.; exit 1", *command)

    with pytest.raises(SdkError) as caught:
        preflight.check(Mute("board"), K3S)
    assert str(caught.value) == (
        "'board' has no POSIX shell that answers [no-shell]\n"
        "  This account is not available.\n"
        "  hint: the login shell there must be able to run: sh -s"
    )


def test_rows_and_status() -> None:
    found = (Finding("ok", "a", "b"), Finding("warning", "c", "d", "e"), Finding("error", "f", "g", "h"))

    assert lines(found) == [("error", "f", "g", "h"), ("warning", "c", "d", "e"), ("ok", "a", "b", "")]
    assert (status(found), status(found[:2]), status(())) == (1, 0, 0)
    shown = json.loads(json.dumps([dataclasses.asdict(each) for each in found]))
    assert shown[1] == {"level": "warning", "what": "c", "detail": "d", "fix": "e"}


def test_lines_that_mean_nothing_do_no_harm() -> None:
    facts = parse("machine x86_64\nWelcome to the board!\n\nkernel weird\n")

    assert preflight.judge(facts, K3S)[0] == Finding("ok", "kernel", "weird")
