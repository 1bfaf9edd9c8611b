"""Whether a node's network and disk have room for a cluster: ports, routes, nameservers, file systems."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from sdk_hooks.core.nodecheck.facts import Facts
from sdk_hooks.core.nodecheck.findings import Finding, Level, good, unless
from sdk_hooks.nodes import NodeNeeds, Port

_LOST = {"tmpfs": "what is stored there is lost at the next start", "ramfs": "what is stored there is lost"}
_NO_LAYERS = {
    "overlay": "image layers can't be stacked on another overlay",
    "nfs": "image layers can't be stacked on a network's file system",
    "nfs4": "image layers can't be stacked on a network's file system",
    "vfat": "it has neither owners nor links",
}
_PARTITION = "a partition of its own: `part /var/lib --fstype=ext4` in the .wks"
_BIG_ENDIAN = ("s390", "ppc", "mips", "armeb")
_EVICTS, _INODES = 15, 5
"""Percent left under which a kubelet begins to throw out pods."""


def findings(facts: Facts, needs: NodeNeeds, *, worker: bool) -> Iterator[Finding]:
    """What *needs* asks of network and disk of the machine that *facts* are about."""
    yield from _ports(facts, needs, worker)
    yield from _routes(facts, needs)
    yield from _nameservers(facts, needs)
    yield from _disk(facts, needs)
    yield from _writable(facts, needs)


def _ports(facts: Facts, needs: NodeNeeds, worker: bool) -> Iterator[Finding]:
    taken: dict[tuple[str, int], set[str]] = {}
    for line in facts.all("listen"):
        protocol, number, inode = line.split()
        taken.setdefault((protocol, int(number, 16)), set()).add(inode)
    wanted = [port for port in needs.ports if port.everywhere or not worker]
    free = [port for port in wanted if (port.protocol, port.number) not in taken]
    if free:
        yield good("ports", f"free: {' '.join(f'{port.number}/{port.protocol}' for port in free)}")
    for port in wanted:
        if port not in free:
            yield _taken(facts, needs, port, taken[port.protocol, port.number])


def _taken(facts: Facts, needs: NodeNeeds, port: Port, inodes: set[str]) -> Finding:
    holders = {holder for inode, holder in facts.about("holder").items() if inode in inodes}
    names = {holder.partition(" ")[2] for holder in holders}
    what = f"port {port.number}/{port.protocol}"
    runs = bool(set(facts.all("running")) & set(needs.processes))
    if (names and names <= {*needs.processes, *needs.helpers}) or (not names and runs):
        return good(what, "is held by the node that it already is")
    pids = ", ".join(
        f"{name!r} (process {pid})" for pid, _, name in (h.partition(" ") for h in sorted(holders))
    )
    by = pids or ("somebody" if facts.one("uid") != "0" else "the kernel itself")
    level: Level = "warning" if port.optional else "error"
    return Finding(level, what, f"is taken by {by}; {port.of} needs it", "stop that, or give it another port")


def _routes(facts: Facts, needs: NodeNeeds) -> Iterator[Finding]:
    machine = facts.one("machine")
    big = machine.startswith(_BIG_ENDIAN) and not machine.endswith(("le", "el"))
    # the interface * is that of routes which refuse
    routes = [_route(line, big) for line in facts.all("route") if not line.startswith("* ")]
    ways = (*(name for name, network in routes if not network.prefixlen), *facts.all("route6"))
    default = list(dict.fromkeys(ways))
    lacking = "none; a node's address is that of the interface that has it"
    line = "Gateway= in a .network of systemd-conf, or `gateway` in interfaces of init-ifupdown"
    yield unless(bool(default), "error", "default route", " ".join(default) or lacking, line)
    if set(facts.all("running")) & set(needs.processes):
        return  # the routes of its networks are its own
    for wanted in map(ipaddress.ip_network, needs.networks):
        for name, network in routes:
            if network.prefixlen and network.overlaps(wanted):
                other = "choose other networks for pods and services where the cluster is made"
                detail = f"{network} of {name} is in {wanted}, a network of {needs.distribution}"
                yield Finding("error", "network", detail, other)


def _route(line: str, big: bool) -> tuple[str, ipaddress.IPv4Network]:
    """Interface and network; the kernel writes both numbers in its own byte order, *big* or little endian."""
    name, to, mask = line.split()
    numbers = (ipaddress.IPv4Address(bytes.fromhex(word)[:: 1 if big else -1]) for word in (to, mask))
    return name, ipaddress.IPv4Network("/".join(map(str, numbers)), strict=False)


def _nameservers(facts: Facts, needs: NodeNeeds) -> Iterator[Finding]:
    servers = facts.all("nameserver")
    far = [server for server in servers if not _loops(server)]
    if far:
        yield good("nameserver", " ".join(far))
        return
    line = "DNS= in a .network of systemd-conf, or a bbappend of base-files with /etc/resolv.conf"
    if not servers:
        yield Finding("warning", "nameserver", "none in /etc/resolv.conf: pods find no name outside", line)
    elif any(not _loops(server) for server in facts.all("upstream")):
        path = "/run/systemd/resolve/resolv.conf"
        yield good("nameserver", f"{' '.join(servers)} is on the loopback; {path} has the one behind it")
    else:
        loop = f"{' '.join(servers)} is on the loopback: a pod that asks it asks itself"
        yield Finding("warning" if needs.nameserver else "error", "nameserver", loop, line)


def _loops(server: str) -> bool:
    try:
        return ipaddress.ip_address(server.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _disk(facts: Facts, needs: NodeNeeds) -> Iterator[Finding]:
    if not needs.directories or needs.directories[0] not in facts.about("disk"):
        return
    place = needs.directories[0]
    # where the root is that of a chroot, nothing says what it is on
    total, left, at, kind, *_ = (*facts.about("disk")[place].split(), "a disk")
    free, share = int(left) // 1024, int(left) * 100 // max(int(total), 1)
    what = f"disk {place}"
    if why := _LOST.get(kind) or _NO_LAYERS.get(kind):
        yield Finding("error", what, f"is on {kind} ({at}): {why}", _PARTITION)
    elif free < needs.disk:
        detail = f"{free} MB left on {kind} ({at}), less than {needs.disk} MB"
        yield Finding("error", what, detail, f'IMAGE_ROOTFS_EXTRA_SPACE = "{needs.disk * 1024}"')
    else:
        few = f"{free} MB left, {share} % of {kind} ({at})"
        detail = few if share >= _EVICTS else f"{few}: under {_EVICTS} % a kubelet throws out pods"
        yield unless(share >= _EVICTS, "warning", what, detail, f"larger, or {_PARTITION}")
    yield from _inodes(facts, place)


def _inodes(facts: Facts, place: str) -> Iterator[Finding]:
    total, _, left = facts.about("inodes").get(place, "0 0").partition(" ")
    if int(total):  # btrfs and others have no such number
        share = int(left) * 100 // int(total)
        detail = f"{left} left, {share} %"
        full = f"{detail}: under {_INODES} % a kubelet throws out pods"
        fine = share >= _INODES
        more = 'more of them: EXTRA_IMAGECMD:append:ext4 = " -i 4096"'
        yield unless(fine, "warning", f"inodes {place}", detail if fine else full, more)


def _writable(facts: Facts, needs: NodeNeeds) -> Iterator[Finding]:
    disks = facts.about("disk")
    for place in needs.directories:
        words = disks.get(place, "").split()
        if len(words) > 4 and "ro" in words[4].split(","):
            line = f'VOLATILE_BINDS:append = " /data{place} {place}\\n"'
            detail = f"can't be written: {words[2]} is mounted read-only"
            yield Finding("error", place, detail, f"{line} (volatile-binds), with a partition at /data")
    if "ro" in facts.one("root").partition(" ")[2].split(","):
        yield good("root", "is mounted read-only; what a node writes is told above")
