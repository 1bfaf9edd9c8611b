"""What is said of a node's ports, routes, nameservers and disk: of machines as recorded, and with changes."""

import pytest

from sdk_hooks.core.nodecheck import places
from sdk_hooks.nodes import NodeNeeds

from .node_needs import K3S, K8S, MICROK8S
from .test_nodecheck_kernel import recorded
from .test_nodecheck_machine import Row, said

STOP = "stop that, or give it another port"


def test_a_port_that_something_else_has() -> None:
    optional = "is taken by 'registry' (process 12296); the embedded registry needs it"
    facts = recorded("built-in")

    assert said(facts, K3S, "port 5001/tcp") == [("warning", optional, STOP)]
    assert said(facts, MICROK8S, "ports")[0][1].startswith("free: 16443/tcp 25000/tcp 19001/tcp 10250/tcp ")
    web = recorded(
        "minimal", ("cpus 1", "cpus 1\nlisten tcp 192B 77\nlisten tcp 192B 78\nholder 77 312 nginx")
    )
    assert said(web, K8S, "port 6443/tcp") == [
        ("error", "is taken by 'nginx' (process 312); the API server needs it", STOP)
    ]
    assert said(web, K8S, "port 6443/tcp", worker=True) == []


def test_ports_that_the_node_itself_has() -> None:
    own = ("ok", "is held by the node that it already is", "")
    listening = "cpus 1\nlisten tcp 280A 9\nlisten udp 2118 0\nholder 9 401 k3s-server"
    runs = recorded("minimal", ("cpus 1", f"{listening}\nrunning k3s-server"))

    assert said(runs, K3S, "port 10250/tcp", "port 8472/udp") == [own, own]
    ended = recorded("minimal", ("cpus 1", listening))
    assert said(ended, K3S, "port 8472/udp") == [
        ("error", "is taken by the kernel itself; flannel needs it", STOP)
    ]
    user = recorded("minimal", ("cpus 1", listening), ("uid 0", "uid 1000"))
    assert said(user, K3S, "port 8472/udp")[0][1] == "is taken by somebody; flannel needs it"


def test_a_runtime_that_also_runs_without_the_cluster_is_no_node() -> None:
    facts = recorded(
        "minimal", ("cpus 1", "cpus 1\nlisten tcp 271A 5\nholder 5 90 containerd\nlisten udp 2118 0")
    )

    assert said(facts, K3S, "port 10010/tcp")[0][0] == "ok"
    assert said(facts, K3S, "port 8472/udp")[0][0] == "error"


def test_routes() -> None:
    line = "Gateway= in a .network of systemd-conf, or `gateway` in interfaces of init-ifupdown"
    other = "choose other networks for pods and services where the cluster is made"
    none = recorded("minimal", ("route eth0 00000000 00000000", ""), ("route6 .*", ""))
    inside = recorded("minimal", ("route eth0 0002000A 00FFFFFF", "route eth0 00022B0A 00FFFFFF"))

    lacking = "none; a node's address is that of the interface that has it"
    assert said(none, K3S, "default route") == [("error", lacking, line)]
    assert said(recorded("built-in"), K3S, "default route", "network") == [("ok", "eth0", "")]
    assert said(inside, K3S, "network") == [
        ("error", "10.43.2.0/24 of eth0 is in 10.43.0.0/16, a network of k3s", other)
    ]


def test_routes_are_read_in_the_byte_order_of_the_machine() -> None:
    big = recorded(
        "minimal", ("machine .*", "machine s390x"), ("route eth0 0002000A .*", "route eth0 0A2A0300 FFFFFF00")
    )

    assert said(big, K3S, "network")[0][1] == "10.42.3.0/24 of eth0 is in 10.42.0.0/16, a network of k3s"
    little = recorded("minimal", ("machine .*", "machine ppc64le"))
    assert said(little, K3S, "network") == []


def test_routes_of_a_node_that_runs_are_its_own_and_those_that_refuse_are_none() -> None:
    route = "cpus 1\nroute cni0 00002A0A 00FFFFFF"
    runs = recorded("minimal", ("cpus 1", f"{route}\nrunning k3s-server"))
    refused = recorded("minimal", ("cpus 1", route.replace("cni0", "*")))

    assert said(runs, K3S, "network") == []
    assert said(refused, K3S, "network") == []


LINE = "DNS= in a .network of systemd-conf, or a bbappend of base-files with /etc/resolv.conf"
LOOP = "127.0.0.53 is on the loopback: a pod that asks it asks itself"


@pytest.mark.parametrize(
    ("answer", "needs", "row"),
    [
        ("nameserver 127.0.0.53", K8S, ("error", LOOP, LINE)),
        ("nameserver 127.0.0.53", K3S, ("warning", LOOP, LINE)),
        ("nameserver ::1", K8S, ("error", LOOP.replace("127.0.0.53", "::1"), LINE)),
        (
            "nameserver 127.0.0.53\nupstream 192.168.7.1",
            K8S,
            (
                "ok",
                "127.0.0.53 is on the loopback; /run/systemd/resolve/resolv.conf has the one behind it",
                "",
            ),
        ),
        ("nameserver 127.0.0.1\nnameserver fe80::1%eth0", K8S, ("ok", "fe80::1%eth0", "")),
        ("", K8S, ("warning", "none in /etc/resolv.conf: pods find no name outside", LINE)),
    ],
)
def test_nameservers(answer: str, needs: NodeNeeds, row: Row) -> None:
    assert said(recorded("minimal", ("nameserver .*", answer)), needs, "nameserver") == [row]


PART = "a partition of its own: `part /var/lib --fstype=ext4` in the .wks"


@pytest.mark.parametrize(
    ("disk", "row"),
    [
        ("8000000 4000000 /", ("ok", "3906 MB left, 50 % of a disk (/)", "")),
        ("8000000 4000000 /var ext4 rw", ("ok", "3906 MB left, 50 % of ext4 (/var)", "")),
        (
            "400000 200000 / ext4 rw",
            ("error", "195 MB left on ext4 (/), less than 1024 MB", 'IMAGE_ROOTFS_EXTRA_SPACE = "1048576"'),
        ),
        (
            "80000000 8000000 /var xfs rw",
            (
                "warning",
                "7812 MB left, 10 % of xfs (/var): under 15 % a kubelet throws out pods",
                f"larger, or {PART}",
            ),
        ),
        (
            "8000000 4000000 /var/lib tmpfs rw",
            ("error", "is on tmpfs (/var/lib): what is stored there is lost at the next start", PART),
        ),
        (
            "8000000 4000000 /var/lib overlay rw,lowerdir=/a",
            (
                "error",
                "is on overlay (/var/lib): image layers can't be stacked on another overlay",
                PART,
            ),
        ),
        (
            "8000000 4000000 / nfs rw",
            ("error", "is on nfs (/): image layers can't be stacked on a network's file system", PART),
        ),
    ],
)
def test_disks(disk: str, row: Row) -> None:
    facts = recorded("minimal", ("disk /var/lib/rancher .*", f"disk /var/lib/rancher {disk}"))

    assert said(facts, K3S, "disk /var/lib/rancher") == [row]


def test_inodes() -> None:
    few = recorded("minimal", ("inodes /var/lib/rancher .*", "inodes /var/lib/rancher 65536 2000"))
    none = recorded("minimal", ("inodes /var/lib/rancher .*", "inodes /var/lib/rancher 0 0"))

    assert said(few, K3S, "inodes /var/lib/rancher") == [
        (
            "warning",
            "2000 left, 3 %: under 5 % a kubelet throws out pods",
            'more of them: EXTRA_IMAGECMD:append:ext4 = " -i 4096"',
        )
    ]
    assert said(none, K3S, "inodes /var/lib/rancher") == []


def test_a_root_that_can_not_be_written() -> None:
    facts = recorded(
        "minimal",
        ("root .*", "root squashfs ro,relatime"),
        ("disk /etc/rancher .*", "disk /etc/rancher 90000 0 / squashfs ro,relatime"),
    )

    assert said(facts, K3S, "/etc/rancher", "root") == [
        (
            "error",
            "can't be written: / is mounted read-only",
            'VOLATILE_BINDS:append = " /data/etc/rancher /etc/rancher\\n" (volatile-binds),'
            " with a partition at /data",
        ),
        ("ok", "is mounted read-only; what a node writes is told above", ""),
    ]
    fine = recorded("minimal", ("root .*", "root squashfs ro,relatime"))
    assert [f.level for f in places.findings(fine, K3S, worker=False) if f.what == "/etc/rancher"] == []
