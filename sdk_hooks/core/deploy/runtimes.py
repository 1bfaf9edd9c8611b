"""What a runtime needs of a target and of a stack, and what of that is not there."""

from __future__ import annotations

import re

from sdk_hooks.core.registry import Plugins
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Runtime, Stack
from sdk_hooks.target import Target

_UNMOUNTED = "none: mount -t cgroup2 cgroup2 /sys/fs/cgroup"


def lone(plugins: Plugins) -> list[str]:
    """Names of the runtimes that need no engine."""
    return sorted(name for name in plugins.family("runtime") if plugins.runtime(name).alone)


def missing(found: Runtime, target: Target) -> list[str]:
    """What *target* lacks of all that *found* needs."""
    needs = found.needs(target)
    lacks = [f"no program {p}" for p in needs.programs if p not in target.programs]
    lacks += [f"no {d}" for d in needs.devices if d not in target.devices]
    if needs.one_of and not target.devices.intersection(needs.one_of):
        lacks.append(f"it needs {needs.one_of_means}: there is no {' or '.join(needs.one_of)}")
    if needs.cgroups and target.cgroup not in needs.cgroups:
        versions = " or ".join(f"v{version}" for version in needs.cgroups)
        there = f"v{target.cgroup}" if target.cgroup else _UNMOUNTED
        lacks.append(f"it needs cgroup {versions}, the target has {there}")
    for program, version, what in needs.least:
        there = _number(target.versions.get(program, ""))
        if there and _order(there) < _order(version):
            lacks.append(f"{program} is {there}: before {version} it can't {what}")
    return [*lacks, *((needs.prevented,) if needs.prevented else ())]


def _number(said: str) -> str:
    """The first number with a dot in what a program says of its version; empty when there is none."""
    found = re.search(r"\d+(\.\d+)+", said)
    return found[0] if found else ""


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def cannot_run(found: Runtime, lacks: list[str], target: Target) -> SdkError:
    """That *target* can't run *found*, for the reasons that `missing` gave."""
    install = "install it there, or " if lacks[0].startswith("no ") else ""
    return SdkError(
        f"{found.name} can't run on {target.name!r}",
        detail="\n".join(lacks),
        hint=f"{install}choose another one with --runtime",
        code="no-runtime",
    )


def unfit(plugins: Plugins, target: Target) -> list[str]:
    """What keeps the runtimes from running containers by themselves whose programs *target* has."""
    members = (plugins.runtime(name) for name in lone(plugins))
    there = (each for each in members if target.programs.issuperset(each.needs(target).programs))
    besides = {p for stack in plugins.stacks().values() if stack.takes == "layers" for p in stack.programs}
    tools = [f"without an engine it needs {p}, too" for p in sorted(besides - target.programs)]
    return [f"{each.name}: {lacks}" for each in there for lacks in (*missing(each, target), *tools)]


def check_takes(chosen: Stack, found: Runtime, target: Target, *, setup: bool) -> None:
    """Refuse a runtime that the stack can't start.

    :param setup: What it can be set up for will do.
    :raises SdkError: With what it lacks.
    """
    what = chosen.lacks(found, target)
    can = bool(what) and chosen.setup(found, target) is not None
    if what and not (can and setup):
        others = "choose another one with --runtime, or another stack with --stack"
        raise SdkError(
            f"{chosen.name} on {target.name!r} can't use the runtime {found.name!r}",
            detail=what,
            hint=f"let it be set up there: --setup; or {others}" if can else others,
            code="unknown-runtime",
        )
