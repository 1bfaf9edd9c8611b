"""The files of a deployment of several containers: each goes through those of the containers.

They are called like those of one container, so nothing else has to know how many there are.
"""

from __future__ import annotations

from collections.abc import Mapping

from sdk_hooks.container import HealthCheck
from sdk_hooks.core.deploy.deployment import Deployment, Running
from sdk_hooks.core.deploy.parts import COMPLETED, STARTED
from sdk_hooks.core.deploy.resource import script
from sdk_hooks.core.shell import quoted
from sdk_hooks.target import Script

_WAIT = 600
"""Seconds that is waited for a job of which nothing says how long it may take."""


def files(deployment: Deployment) -> Mapping[str, str]:
    """start, stop, state, logs, follow and health of all containers together."""
    place = quoted((str(deployment.directory),))
    names = " ".join(member.part.name for member in deployment.members)
    head = f"#!/bin/sh\ncd {place} || exit\nparts={quoted((names,))}\n"
    found = {verb: f"{head}{script(f'several-{verb}.sh')}" for verb in ("stop", "state", "logs", "follow")}
    found["parts"] = names
    found["start"] = f"{head}{script('several-start.sh')}{_start(deployment)}"
    checks = [member.container.settings.healthcheck for member in deployment.members]
    if any(checks):
        found["health"] = f"{head}{script('several-health.sh')}"
    if any(checks) and not all(checks):
        found["unwatched"] = ""
    return found


def patience(check: HealthCheck) -> int:
    """Seconds that a container may take to become healthy."""
    return int(check.start_period + check.retries * max(check.interval, 1))


def _start(deployment: Deployment) -> Script:
    """Start each one once those are there that it needs."""
    by_name = {member.part.name: member for member in deployment.members}
    text = ""
    for member in deployment.members:
        for need in member.needs:
            if need.condition != STARTED:
                text += f"await {need.part} {need.condition} {_seconds(by_name[need.part], need.condition)}\n"
        text += f"launch {member.part.name}\n"
    return text


def _seconds(member: Running, condition: str) -> int:
    check = member.container.settings.healthcheck
    return patience(check) if check and condition != COMPLETED else _WAIT
