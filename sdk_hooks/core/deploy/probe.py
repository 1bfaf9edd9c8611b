"""Finds out about a target, in one round trip."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy import matching, moment, taken
from sdk_hooks.core.deploy.connection import Connection
from sdk_hooks.core.deploy.matching import There
from sdk_hooks.core.deploy.moment import Moment
from sdk_hooks.core.deploy.resource import script as resource
from sdk_hooks.core.deploy.resource import state_directory
from sdk_hooks.core.deploy.taken import Taken
from sdk_hooks.core.oci.runtimespec import SHARED
from sdk_hooks.core.shell import quoted
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Runtime, Stack
from sdk_hooks.runclike import shim
from sdk_hooks.target import Argv, Platform, Script, StackFacts, Target

PROGRAMS = ("zstd", "gzip", "tar", "sha256sum", "mkfifo", "tee", "systemctl", "curl", "wget", "setsid")
"""What the core itself makes use of where it is there."""

_MACHINES = {
    "x86_64": Platform("amd64"),
    "aarch64": Platform("arm64", "v8"),
    "armv8l": Platform("arm", "v8"),
    "armv7l": Platform("arm", "v7"),
    "armv6l": Platform("arm", "v6"),
    "armv5tel": Platform("arm", "v5"),
    "armv5tejl": Platform("arm", "v5"),
    "i386": Platform("386"),
    "i586": Platform("386"),
    "i686": Platform("386"),
    "ppc64le": Platform("ppc64le"),
    "loongarch64": Platform("loong64"),
}


@dataclass(frozen=True)
class Found:
    """A target, and what it has of the container to be deployed."""

    target: Target
    current: str = ""
    """ID of the deployment that runs, or ran last."""
    previous: str = ""
    state: str = "absent"
    """Of the current deployment's container: running ..., stopped N, absent."""
    stack: str = ""
    """Of the current deployment."""
    ports: frozenset[int] = frozenset()
    """Those that the current deployment holds; while it is being replaced, also those of the next."""
    holders: frozenset[tuple[str, str]] = frozenset()
    """(runtime, container) where a runtime has a container of a name that is to be deployed."""
    there: There = field(default_factory=There)
    """What it has of the devices that were asked for."""
    ours: frozenset[str] = frozenset()
    """Stacks on which a container of this name is ours: also of a deployment that never came to its end."""
    theirs: frozenset[str] = frozenset()
    """Containers of other applications of ours."""
    unhooked: frozenset[str] = frozenset()
    """Programs of hooks that are not there."""
    unwritable: str = ""
    """The directory in which deployments would be kept, or would be made in, where it can't be written."""
    taken: Taken = field(default_factory=Taken)
    """Of its networks, when that was asked for."""
    moment: Moment | None = None
    """When it said all this."""


def probe(
    connection: Connection,
    name: str,
    stacks: Mapping[str, Stack],
    runtimes: Collection[Runtime],
    devices: Script = "",
    containers: tuple[str, ...] = (),
    *,
    details: bool = False,
) -> Found:
    """Ask the target of *connection* for everything that a deployment of *name* has to know.

    :param devices: What `matching.question` asks of the devices that it is to have, and other such questions.
    :param containers: Names of its containers.
    :param details: Also what stacks take longer to tell: runtimes and CDI.
    :raises SdkError: When it can't be reached, or is no machine that containers run on.
    """
    result = link.run(connection, script(name, stacks, runtimes, devices, containers, details))
    facts, sections = _parse(result.output)
    if "machine" not in facts:
        raise SdkError(
            f"{connection.name!r} has no POSIX shell that answers",
            detail=(result.error or result.output).strip()[-500:],
            hint="the login shell there must be able to run: sh -s",
            code="no-shell",
        )
    found = _found(connection.name, facts, {n: _stack_facts(*s) for n, s in sections.items()})
    return replace(found, taken=taken.answer(facts, name))


def script(
    name: str,
    stacks: Mapping[str, Stack],
    runtimes: Collection[Runtime],
    devices: Script = "",
    containers: tuple[str, ...] = (),
    details: bool = False,
) -> Script:
    """The shell text that the probe sends."""
    blank = Target("", Platform(""), 0, PurePosixPath("/"))
    needs = [runtime.needs(blank) for runtime in runtimes]
    programs = {
        *PROGRAMS,
        *(p for s in stacks.values() for p in s.programs),
        *(p for n in needs for p in n.programs),
        *(shim(runtime.handler) for runtime in runtimes if runtime.handler),
    }
    present = {*SHARED, *(d for need in needs for d in (*need.devices, *need.one_of))}
    lists = f"wanted='{' '.join(sorted(programs))}'\ndevices='{' '.join(sorted(present))}'\n"
    head = f"name={quoted((name,))}\n{lists}"
    parts = [head, state_directory(), "probe() {\n", resource("probe.sh"), devices]
    parts += _places({p for n in needs for p in n.programs}) if details else []
    parts += _versions({p for n in needs for p, _, _ in n.least}) if details else []
    for stack in stacks.values():
        there = " && ".join(f"command -v {quoted((p,))}" for p in stack.programs) or "true"
        body = f"inventory() {{\n{stack.inventory(containers, details).rstrip()}\n}}"
        parts.append(f"if {{ {there}; }} >/dev/null 2>&1; then\n{body}\nask {stack.name}\nfi\n")
    # an ordinary user's containers without an engine, wherever the login has its own
    parts.append('[ "$uid" = 0 ] || XDG_RUNTIME_DIR=$STATE/run\n' if runtimes else "")
    for runtime in (each for each in runtimes if each.alone):
        asked: dict[Argv, Argv] = {}
        for box in containers:
            asked[("quiet", *runtime.state(box))] = ("holder", runtime.name, box)
        if runtime.filters():
            asked[("filters", *runtime.filters())] = ("filters", runtime.name)
        each = (f"{quoted(query)} && echo {quoted(fact)}\n" for query, fact in asked.items())
        parts.append(f"if quiet command -v {runtime.needs(blank).programs[0]}; then\n{''.join(each)}fi\n")
    # printed at once: every line by itself would be a packet by itself
    return _lean("".join(parts) + '}\nfacts=$(probe)\nprintf "%s\\n" "$facts"\n')


def _places(programs: Collection[str]) -> list[Script]:
    """Commands that tell where *programs* are, and the login's configurations."""
    found = [f"p=$(command -v {quoted((p,))}) && echo place {quoted((p,))} $p\n" for p in sorted(programs)]
    return [*found, '[ "$uid" = 0 ] || echo "config ${XDG_CONFIG_HOME:-$HOME/.config}"\n']


def _versions(programs: Collection[str]) -> list[Script]:
    """Commands that tell what *programs* say of their version, in one line."""
    words = (quoted((p,)) for p in sorted(programs))
    return [f"v=$($limit {p} --version 2>/dev/null </dev/null) && echo version {p} $v\n" for p in words]


def _lean(text: Script) -> Script:
    """*text* without indentation, comments and blank lines: it goes over the link at every deployment."""
    lines = (line.strip() for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("#"))


def _parse(output: str) -> tuple[dict[str, list[str]], dict[str, tuple[list[str], int]]]:
    """Facts by key, and for each stack its lines and exit status."""
    facts: dict[str, list[str]] = {}
    sections: dict[str, tuple[list[str], int]] = {}
    inside = ""
    for line in output.splitlines():
        key, _, value = line.partition(" ")
        if key == "@stack":
            inside = value
            sections[inside] = ([], 0)
        elif key == "@exit":
            sections[inside] = (sections[inside][0], int(value))
            inside = ""
        elif inside:
            sections[inside][0].append(line)
        else:
            facts.setdefault(key, []).append(value)
    return facts, sections


def _stack_facts(lines: list[str], status: int) -> StackFacts:
    values: dict[str, list[str]] = {}
    for line in lines:
        key, _, value = line.partition(" ")
        values.setdefault(key, []).append(value)
    said = [line.strip() for line in lines if line.strip()]
    users, groups, enlarge = (*values.get("ids", [""])[0].split(" ", 2), "", "", "")[:3]
    return StackFacts(
        version=" ".join(values.get("version", [])[:1]),
        problem="" if status == 0 else (said[-1] if said else f"its inventory ended with status {status}"),
        blobs=frozenset(values.get("blob", [])),
        chains=frozenset(tuple(chain.split()) for chain in values.get("chain", [])),
        states=dict(_pair(line) for line in values.get("state", [])),
        runtimes=frozenset(values.get("runtime", [])),
        cdi="cdi" in values,
        daemon=" ".join(values.get("daemon", [])[:1]),
        forwards="forwards" in values,
        unlimited="unlimited" in values,
        ids=(int(users), int(groups)) if users.isdigit() and groups.isdigit() else None,
        enlarge=enlarge,
        units=" ".join(values.get("units", [])[:1]),
    )


def _found(name: str, facts: Mapping[str, list[str]], stacks: Mapping[str, StackFacts]) -> Found:
    def one(key: str, default: str = "") -> str:
        return facts.get(key, [default])[0]

    cni = one("cni").split()
    target = Target(
        name=name,
        platform=_platform(one("machine")),
        uid=int(one("uid", "0")),
        state=PurePosixPath(one("state")),
        kernel=one("kernel"),
        cgroup=int(one("cgroup", "0")),
        hybrid=one("hybrid"),
        init=one("init"),
        programs=frozenset(facts.get("program", [])),
        devices=frozenset(facts.get("device", [])),
        free=int(one("free", "0")) * 1024,
        overlay=bool(one("overlay")),
        gid=int(one("gid", "0")),
        confined=one("confined"),
        low_ports=int(one("low", "0")),
        cni=frozenset(cni[1:]),
        cni_path="".join(cni[:1]),
        filters=frozenset(facts.get("filters", [])) if one("seccomp") else frozenset(),
        listening=frozenset(int(port, 16) for port in facts.get("listen", [])),
        config=one("config"),
        places={name: path for name, path in map(_pair, facts.get("place", [])) if path.startswith("/")},
        versions=dict(map(_pair, facts.get("version", []))),
        stacks=stacks,
    )
    held = one("ports") if one("now").startswith("running") else ""
    return Found(
        target,
        one("current"),
        one("previous"),
        one("now", "absent") or "absent",
        one("stack"),
        frozenset(int(port) for port in f"{held} {one('busy')}".split()),
        frozenset(_pair(line) for line in facts.get("holder", [])),
        matching.answer(facts),
        frozenset(facts.get("ours", [])),
        frozenset(facts.get("theirs", [])),
        frozenset(facts.get("unhooked", [])),
        unwritable=one("unwritable"),
        moment=moment.read(one("uptime")),
    )


def _pair(line: str) -> tuple[str, str]:
    first, _, rest = line.partition(" ")
    return first, rest


def _platform(machine: str) -> Platform:
    return _MACHINES.get(machine) or Platform(machine)
