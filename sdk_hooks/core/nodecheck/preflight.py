"""Asks a machine, in one round trip, whether it can be the node of a cluster."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.resources import files

from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy.connection import Connection
from sdk_hooks.core.deploy.resource import state_directory
from sdk_hooks.core.nodecheck import facts as said
from sdk_hooks.core.nodecheck import kernel, machine, options, places
from sdk_hooks.core.nodecheck.facts import Facts
from sdk_hooks.core.nodecheck.findings import Finding, good
from sdk_hooks.core.shell import quoted
from sdk_hooks.errors import SdkError
from sdk_hooks.nodes import NodeNeeds
from sdk_hooks.target import Script


def check(connection: Connection, needs: NodeNeeds, *, worker: bool = False) -> tuple[Finding, ...]:
    """What *needs* asks of the machine behind *connection*, and how that is there. Nothing is changed there.

    :param worker: Judge it as a machine without the control plane.
    :raises SdkError: When it can't be reached, or has no shell that answers.
    """
    return judge(ask(connection, needs), needs, worker=worker)


def ask(connection: Connection, needs: NodeNeeds) -> Facts:
    """What the machine behind *connection* says of itself.

    :raises SdkError: As `check` does.
    """
    before = time.time()
    result = link.run(connection, script(needs))
    facts = said.parse(result.output, 0.0)
    if not facts.one("machine"):
        raise SdkError(
            f"{connection.name!r} has no POSIX shell that answers",
            detail=(result.error or result.output).strip()[-500:],
            hint="the login shell there must be able to run: sh -s",
            code="no-shell",
        )
    return said.parse(result.output, _skew(facts.number("clock"), before, time.time()))


def judge(facts: Facts, needs: NodeNeeds, *, worker: bool = False) -> tuple[Finding, ...]:
    """What *facts* mean for a node of *needs*."""
    return (
        *kernel.findings(facts, needs),
        *machine.findings(facts, needs, worker=worker),
        *places.findings(facts, needs, worker=worker),
    )


def alike(nodes: Mapping[str, Facts]) -> tuple[Finding, ...]:
    """Whether *nodes*, by their names, can be in one cluster: what identifies a machine has to differ."""
    found = []
    for what, key, fix in _IDENTITIES:
        owners: dict[str, list[str]] = {}
        for name, facts in nodes.items():
            for value in _values(facts, key):
                owners.setdefault(value, []).append(name)
        same = {value: names for value, names in owners.items() if len(names) > 1}
        found += [
            Finding("error", what, f"{value} is that of {', '.join(names)}", fix)
            for value, names in same.items()
        ]
        found += [] if same or not owners else [good(what, "differs on every node")]
    return tuple(found)


_IDENTITIES = (
    (
        "hostname",
        "hostname",
        'hostname:pn-base-files = "NAME" for each, or --node-name where it is made',
    ),
    ("machine-id", "/etc/machine-id", "an empty /etc/machine-id in the image: the first start fills it"),
    ("product_uuid", "/sys/class/dmi/id/product_uuid", "give each virtual machine a UUID of its own"),
    ("MAC address", "mac", "MACAddress= in a .link of systemd-conf, or in the boot loader's environment"),
)


def _values(facts: Facts, key: str) -> tuple[str, ...]:
    return tuple(filter(None, (facts.about("identity").get(key, ""),))) if "/" in key else facts.all(key)


def _skew(there: int, before: float, after: float) -> float:
    """How far the time *there*, in whole seconds, is out of the time that asking took here."""
    if there + 1 < before:
        return there + 1 - before
    return max(0.0, there - after)


def script(needs: NodeNeeds) -> Script:
    """The shell text that asks for everything that *needs* is judged by."""
    wanted = kernel.asked(needs)
    modules = sorted({*needs.modules, *(m for option in wanted for m in options.MODULES.get(option, ()))})
    ports = {kind: [f"{p.number:04X}" for p in needs.ports if p.protocol == kind] for kind in ("tcp", "udp")}
    words = {
        "modules": modules,
        "paths": sorted(set(options.PATHS.values())),
        "filesystems": sorted(options.FILESYSTEMS.values()),
        "programs": sorted({*needs.programs, *needs.handy, "apparmor_parser"}),
        "directories": needs.directories,
        "processes": needs.processes,
        "services": (*machine.CLOCKS, *machine.FIREWALLS),
        "sysctls": [each.name.replace(".", "/") for each in needs.sysctls],
        **ports,
    }
    patterns = {"option": wanted, "module": modules, "port": [*ports["tcp"], *ports["udp"]] or ["none"]}
    head = "".join(f"{name}={quoted((' '.join(values),))}\n" for name, values in words.items())
    head += "".join(f"{name}_pattern={quoted(('|'.join(values),))}\n" for name, values in patterns.items())
    text = files("sdk_hooks.core.nodecheck").joinpath("preflight.sh").read_text(encoding="utf-8")
    lean = (line.strip() for line in text.splitlines())
    body = "".join(f"{line}\n" for line in lean if line and not line.startswith("#"))
    return (
        f"{head}{state_directory()}preflight() {{\n{body}}}\nfacts=$(preflight)\nprintf '%s\\n' \"$facts\"\n"
    )
