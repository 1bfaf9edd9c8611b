"""The network link of a target: a veth pair that can be counted, cut, cut after so many bytes, and slowed."""

import json
from typing import NamedTuple

from .host import run_or_fail, run_quietly
from .slots import Slot

CUT_TABLE = "inet devtool_lab"


class Traffic(NamedTuple):
    """Bytes on the wire since the target started, frame headers included, as the target sees them."""

    received: int
    sent: int


def connect(slot: Slot, pid: int) -> None:
    """Put one end of a new link into the network namespace of `pid`, and set the addresses of both ends."""
    link, netns = slot.link, ("nsenter", f"--net=/proc/{pid}/ns/net")
    run_or_fail("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
    # IPv6, where the kernel has it, announces itself on a new link: chatter in the byte counters.
    run_quietly("sysctl", "-qw", f"net.ipv6.conf.{link}.disable_ipv6=1")
    run_quietly(*netns, "sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1")
    # While the link is down this route answers; else packets would leave by this machine's own default route.
    run_or_fail(
        "ip",
        "-batch",
        "-",
        stdin=(
            f"route replace unreachable {slot.network} metric 9999\n"
            f"address add {slot.host_address}/30 dev {link}\n"
            f"link set {link} up\n"
        ),
    )
    run_or_fail(
        *netns,
        "ip",
        "-batch",
        "-",
        stdin=(
            "link set lo up\n"
            f"address add {slot.address}/30 dev eth0\n"
            "link set eth0 up\n"
            f"route add default via {slot.host_address}\n"
        ),
    )


def reset(pid: int) -> None:
    """Remove the links and packet rules that engines made, as a reboot does."""
    netns = ("nsenter", f"--net=/proc/{pid}/ns/net")
    for entry in json.loads(run_or_fail(*netns, "ip", "-json", "link")):
        if entry["ifname"] not in ("lo", "eth0"):
            run_quietly(*netns, "ip", "link", "delete", entry["ifname"])
    run_or_fail(*netns, "nft", "flush", "ruleset")


def traffic(slot: Slot) -> Traffic:
    """Return the kernel's counters of this machine's end: what it sent, the target received."""
    return Traffic(received=_counter(slot, "tx_bytes"), sent=_counter(slot, "rx_bytes"))


def _counter(slot: Slot, name: str) -> int:
    with open(f"/sys/class/net/{slot.link}/statistics/{name}") as file:
        return int(file.read())


def cut(pid: int, after: int) -> None:
    """Drop every packet once `after` more bytes have reached the target; neither side is told."""
    # The quota counts IP packets as they arrive in the target; the rule stays silent until it is used up.
    limit = f"quota over {after} bytes " if after else ""
    _nft(
        pid,
        f"table {CUT_TABLE} {{}}\n"
        f"delete table {CUT_TABLE}\n"
        f"table {CUT_TABLE} {{\n"
        f"  chain input {{ type filter hook prerouting priority -400; iifname eth0 {limit}drop; }}\n"
        + ("" if after else "  chain output { type filter hook output priority -400; oifname eth0 drop; }\n")
        + "}\n",
    )


def restore(pid: int) -> None:
    _nft(pid, f"table {CUT_TABLE} {{}}\ndelete table {CUT_TABLE}\n")


def _nft(pid: int, rules: str) -> None:
    run_or_fail("nsenter", f"--net=/proc/{pid}/ns/net", "nft", "-f", "-", stdin=rules)


def unplug(slot: Slot) -> None:
    run_or_fail("ip", "link", "set", slot.link, "down")


def plug(slot: Slot) -> None:
    run_or_fail("ip", "link", "set", slot.link, "up")


def slow_down(slot: Slot, bits_per_second: int) -> None:
    """Limit what the target receives; 0 lifts the limit."""
    run_quietly("tc", "qdisc", "delete", "dev", slot.link, "root")
    if bits_per_second:
        run_or_fail(
            "tc",
            "qdisc",
            "add",
            "dev",
            slot.link,
            "root",
            "tbf",
            "rate",
            f"{bits_per_second}bit",
            "burst",
            "128kb",
            "latency",
            "200ms",
        )
