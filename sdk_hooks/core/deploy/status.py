"""What runs on a target: which digest, since when, and whether it is healthy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy.connection import Connection
from sdk_hooks.core.deploy.resource import script, state_directory
from sdk_hooks.core.shell import quoted
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Argv


@dataclass(frozen=True)
class PartStatus:
    """One container of an application of several."""

    name: str
    state: str
    health: str
    digest: str
    image: str


@dataclass(frozen=True)
class Status:
    """One application on one target."""

    target: str
    name: str
    state: str
    """running, stopped N, absent."""
    health: str
    """healthy, unhealthy, or none when nothing says how to tell."""
    age: int
    """Seconds since it was deployed; -1 when the target has no clock."""
    digest: str
    image: str
    stack: str
    runtime: str
    deployment: str
    previous: str
    containers: tuple[PartStatus, ...] = ()
    """Of an application of several."""


def read(connection: Connection, name: str = "") -> list[Status]:
    """Every application on the target, or the one called *name*.

    :raises SdkError: When there is none called *name*.
    """
    text = f"{state_directory()}only={quoted((name,))}\n{script('status.sh')}"
    result = link.run(connection, text)
    found = list(_blocks(connection.name, result.output))
    if name and not found:
        raise no_such(connection, name)
    return found


def logs(name: str, lines: int, follow: bool) -> Argv:
    """What to run there to see the last output of *name*, and with *follow* what comes after.

    With *follow* it ends when its standard input does, which has to be a pipe that nothing is written to.
    """
    place = f'cd "$STATE/apps/"{quoted((name,))} 2>/dev/null || exit 6\nread -r id <current\n'
    place += f"export LINES={lines}\n"
    command = script("follow.sh") if follow else 'exec sh "./$id/logs"\n'
    return ("sh", "-c", state_directory() + place + command)


def no_such(connection: Connection, name: str) -> SdkError:
    return SdkError(
        f"{connection.name!r} has no container {name!r} of ours",
        hint=f"see what it has: container-status {connection.name}",
        code="not-deployed",
    )


def _blocks(target: str, output: str) -> Iterator[Status]:
    head, *blocks = output.split("@app ")
    clock = head.partition("clock ")[2].strip()
    for block in blocks:
        name, *lines = block.splitlines()
        facts = dict(line.partition(" ")[::2] for line in lines)
        parts = [line.split(" ", 3)[1:] for line in lines if line.startswith("part ")]
        yield _status(target, name, facts, clock, parts)


def _status(target: str, name: str, facts: dict[str, str], clock: str, parts: list[list[str]]) -> Status:
    record = json.loads(facts.get("record") or "{}")
    state = _short(facts.get("state", ""))
    said = {each["name"]: each for each in record.get("containers", [])}
    containers = (
        PartStatus(part, _short(now), health, said[part]["digest"], said[part]["image"])
        for part, health, now in parts
        if part in said
    )
    since = facts.get("since", "")
    age = int(clock) - int(since) if clock.isdigit() and since.isdigit() else -1
    return Status(
        target,
        name,
        state,
        facts.get("health", "none"),
        age,
        record.get("digest", ""),
        record.get("image", ""),
        record.get("stack", ""),
        record.get("runtime", ""),
        facts.get("id", ""),
        facts.get("previous", ""),
        tuple(containers),
    )


def _short(state: str) -> str:
    """*state* without the stamp, which only tells starts apart."""
    return "running" if state.startswith("running") else state or "absent"
