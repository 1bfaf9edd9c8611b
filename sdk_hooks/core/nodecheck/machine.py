"""Whether a machine is enough for a node: processors, memory, init, programs, settings, clock, identity."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone

from sdk_hooks.core.nodecheck.facts import Facts
from sdk_hooks.core.nodecheck.findings import Finding, Level, good, install, unless
from sdk_hooks.nodes import NodeNeeds

CLOCKS = ("chronyd", "ntpd", "systemd-timesyn", "openntpd", "phc2sys")
"""Names of the processes that keep a clock right, as /proc/PID/comm has them."""
FIREWALLS = ("firewalld",)
SKEW = 60.0
"""Seconds that clocks may differ: a certificate that was just made is valid only from then on."""

_PACKAGES = {
    "conntrack": ("conntrack-tools", "meta-networking"),
    "ebtables": ("ebtables", "meta-networking"),
    "ethtool": ("ethtool", ""),
    "ip": ("iproute2", ""),
    "ipset": ("ipset", "meta-networking"),
    "iptables": ("iptables", ""),
    "modprobe": ("kmod", ""),
    "mount": ("util-linux-mount", ""),
    "nsenter": ("util-linux-nsenter", ""),
    "snap": ("snapd", "meta-snapd, not of OpenEmbedded"),
    "socat": ("socat", ""),
    "tc": ("iproute2-tc", ""),
    "touch": ("coreutils", ""),
}
_NODE_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_OLDEST_YEAR = 2024
_ID, _UUID = "/etc/machine-id", "/sys/class/dmi/id/product_uuid"


def findings(facts: Facts, needs: NodeNeeds, *, worker: bool) -> Iterator[Finding]:
    """What *needs* asks of the machine that *facts* are about."""
    yield from _hardware(facts, needs, worker)
    yield from _swap(facts, needs)
    yield from _init(facts, needs)
    yield from _programs(facts, needs)
    yield from _sysctls(facts, needs)
    yield from _clock(facts)
    yield from _identity(facts)
    yield from _security(facts)


def _hardware(facts: Facts, needs: NodeNeeds, worker: bool) -> Iterator[Finding]:
    machine = facts.one("machine")
    built = not needs.machines or machine in needs.machines
    other = f"{machine}, which {needs.distribution} is not published for"
    yield unless(
        built,
        "warning",
        "machine",
        machine if built else other,
        "build it from the recipe of meta-virtualization",
    )
    least, advised = (needs.worker, needs.worker) if worker else (needs.server, needs.advised)
    role = "worker" if worker else "control plane"
    memory = facts.number("memory") >> 10
    for what, have, needed, better, unit, fix in (
        ("processors", facts.number("cpus"), least.cpus, advised.cpus, "", 'QB_SMP = "-smp {}" for QEMU'),
        ("memory", memory, least.memory, advised.memory, " MB", 'QB_MEM = "-m {}" for QEMU'),
    ):
        more = fix.format(max(needed, better) * (5 if unit else 4) // 4)
        if have < needed:
            detail = f"{have}{unit}, less than the {needed}{unit} that a {role} needs"
            yield Finding("error", what, detail, more)
        else:
            little = f"{have}{unit}, less than the {better}{unit} that are recommended for a {role}"
            enough = have >= better
            yield unless(enough, "warning", what, f"{have}{unit}" if enough else little, more)


def _swap(facts: Facts, needs: NodeNeeds) -> Iterator[Finding]:
    used = list(facts.about("swap").values())
    if not used:
        yield good("swap", "none")
        return
    off = "take its line out of fstab and the swap partition out of the .wks, or set failSwapOn: false"
    level: Level = "warning" if needs.swap else "error"
    yield Finding(level, "swap", f"on {' '.join(used)}; a kubelet does not start with it by itself", off)


def _init(facts: Facts, needs: NodeNeeds) -> Iterator[Finding]:
    name = facts.one("init") or "unknown"
    fine = not needs.inits or name in needs.inits
    other = f"{name}; {needs.distribution} is started by {' or '.join(needs.inits)}"
    yield unless(fine, "error", "init", name if fine else other, 'INIT_MANAGER = "systemd"')


def _programs(facts: Facts, needs: NodeNeeds) -> Iterator[Finding]:
    have = facts.all("program")
    there = [name for name in needs.programs if name in have]
    if there:
        yield good("programs", " ".join(there))
    for name in needs.programs:
        if name not in have:
            yield Finding("error", f"program {name}", "is not installed", _from(name))
    for name, without in needs.handy.items():
        if name not in have:
            yield Finding("warning", f"program {name}", f"is not installed: {without}", _from(name))


def _from(program: str) -> str:
    package, layer = _PACKAGES.get(program, (program, ""))
    return install(package, layer=layer)


def _sysctls(facts: Facts, needs: NodeNeeds) -> Iterator[Finding]:
    values = facts.about("sysctl")
    for each in needs.sysctls:
        value = values.get(each.name.replace(".", "/"), "")
        if not value.lstrip("-").isdigit():
            continue  # such as that of a module which isn't loaded: told there
        fine = int(value) >= each.least
        line = f"a bbappend of base-files with {each.name} = {each.least} in /etc/sysctl.d/99-kubernetes.conf"
        detail = value if fine else f"{value}, not {each.least} or more"
        yield unless(fine, "error" if each.required else "warning", each.name, detail, line)


def _clock(facts: Facts) -> Iterator[Finding]:
    now = datetime.fromtimestamp(facts.number("clock"), timezone.utc)
    keep = f'PACKAGECONFIG:append:pn-systemd = " timesyncd", or {install("chrony", layer="meta-networking")}'
    if now.year < _OLDEST_YEAR:
        yield Finding("error", "clock", f"says {now:%Y-%m-%d}; no certificate is valid then", keep)
    elif abs(facts.skew) >= SKEW:
        where = "ahead of" if facts.skew > 0 else "behind"
        far = f"{abs(facts.skew):.0f} s {where} this machine's; certificates of its cluster fail"
        yield Finding("error", "clock", far, keep)
    elif not set(facts.all("service")) & set(CLOCKS):
        yield Finding("warning", "clock", "is right now, and nothing that runs there keeps it so", keep)
    else:
        yield good("clock", "is right, and kept so")


def _identity(facts: Facts) -> Iterator[Finding]:
    name, known = facts.one("hostname"), facts.about("identity")
    plain = "a node's name has lower case letters, digits, - and ."
    fine = bool(_NODE_NAME.fullmatch(name)) and name != "localhost"
    line = 'hostname:pn-base-files = "NAME", or --node-name where the node is made'
    yield unless(fine, "error", "hostname", name if fine else f"{name!r}: {plain}", line)
    value = known.get(_ID, "")
    fine = bool(re.fullmatch(r"[0-9a-f]{32}", value))
    wrong = f"{_ID} has {value!r}" if value else f"{_ID} is empty or not there"
    made = "systemd-machine-id-setup where /etc can be written; else systemd.machine_id= in APPEND"
    yield unless(fine, "warning", "machine-id", value if fine else wrong, made)
    if uuid := known.get(_UUID, ""):
        yield good("product_uuid", uuid)


def _security(facts: Facts) -> Iterator[Finding]:
    if facts.one("apparmor") == "Y":
        there = "apparmor_parser" in facts.all("program")
        parser = install("apparmor", layer="meta-security")
        detail = "is on" if there else "is on, and apparmor_parser is not installed: no profile can be loaded"
        yield unless(there, "warning", "AppArmor", detail, parser)
    if facts.one("selinux"):
        yield good("SELinux", "enforces" if facts.one("selinux") == "1" else "is permissive")
    if walls := set(facts.all("service")) & set(FIREWALLS):
        detail = f"{' '.join(sorted(walls))} runs: the ports of the cluster have to be open in it"
        yield Finding("warning", "firewall", detail, "firewall-cmd --permanent --add-port=PORT/tcp")
