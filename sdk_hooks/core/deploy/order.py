"""Deploys one image to one target: probe, choose, send, switch."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from sdk_hooks.container import Port
from sdk_hooks.core.deploy import (
    booting,
    choose,
    content,
    deployment,
    hooks,
    matching,
    notes,
    setup,
    taken,
    transfer,
)
from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy.connection import Connection, Result
from sdk_hooks.core.deploy.deployment import Deployment, container_name
from sdk_hooks.core.deploy.packed import ALONE, Packer
from sdk_hooks.core.deploy.parts import Part, check_mounts, check_ports
from sdk_hooks.core.deploy.probe import Found, probe
from sdk_hooks.core.deploy.setup import Change
from sdk_hooks.core.deploy.transfer import Sent, Transfer
from sdk_hooks.core.oci import adopt
from sdk_hooks.core.registry import Plugins
from sdk_hooks.core.shell import quoted
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress
from sdk_hooks.target import Script

UP, RESTORED, DOWN, BUSY, LOST, GONE = 0, 3, 4, 5, 6, 7
"""Exit status of switch.sh."""


@dataclass(frozen=True)
class Order:
    """What to deploy, whatever the target."""

    name: str
    parts: tuple[Part, ...]
    """In the order of their start."""
    stack: str = ""
    """Empty: what the target has."""
    runtime: str = ""
    """Empty: the stack's own."""
    setup: bool = False
    """Whether the stack may be set up for the runtime where it does not know it."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of its containers on the target."""
        return tuple(container_name(self.name, part) for part in self.parts)

    @property
    def ports(self) -> tuple[Port, ...]:
        return tuple(port for part in self.parts for port in part.settings.ports)


@dataclass(frozen=True)
class Outcome:
    """What came of one deployment."""

    target: str
    result: str
    """deployed, unchanged, rolled back."""
    digest: str
    """Of the image's manifest; empty for an application of several containers."""
    stack: str
    sent: Sent
    seconds: float
    containers: int = 1


@dataclass(frozen=True)
class Prepared:
    """A deployment that nothing speaks against."""

    found: Found
    deployment: Deployment
    transfers: tuple[Transfer, ...]
    """One for each image."""
    change: Script
    """What the target runs once it has the images."""
    setup: Change | None = None
    """What is done to the stack before."""

    @property
    def done(self) -> bool:
        """Whether exactly this runs already."""
        return self.found.current == self.deployment.id and self.found.state.startswith("running")

    @property
    def due(self) -> list[Transfer]:
        """Those that have to be made: engines also have to be told of an image whose layers they hold."""
        return [each for each in self.transfers if each.missing or self.deployment.stack.takes != "layers"]


def prepare(
    order: Order,
    connection: Connection,
    plugins: Plugins,
    *,
    foreground: bool = False,
    emulated: bool = False,
) -> Prepared:
    """Probe the target and decide everything; changes nothing.

    :param foreground: It is run here by whoever asks, who may have no privilege, and not deployed.
    :param emulated: The image need not be for the processor of the target.

    :raises SdkError: When the deployment can't work.
    """
    check_ports(order.parts)
    check_mounts(order.parts)
    known = [plugins.runtime(name) for name in plugins.family("runtime")]
    runtimes = [runtime for runtime in known if runtime.alone or runtime.name == order.runtime]
    asked = matching.question((d for part in order.parts for d in part.settings.devices), plugins)
    details = bool(order.runtime or asked)
    parts = order.parts
    if foreground:  # nothing is made on this machine that would have to be taken away: no networks, no hooks
        parts = tuple(replace(part, settings=replace(part.settings, networks=(), hooks=())) for part in parts)
    asked += hooks.question(part.settings for part in parts) + taken.question(part.settings for part in parts)
    found = probe(connection, order.name, plugins.stacks(), runtimes, asked, order.names, details=details)
    stack = choose.stack(found.target, plugins, order.stack)
    runtime = choose.runtime(found.target, plugins, stack, order.runtime, setup=order.setup)
    target = replace(found.target, cni=frozenset()) if foreground else found.target
    # not before the target has answered: of a large image a copy takes time
    parts = tuple(replace(part, image=adopt.plain(part.image)) for part in parts)
    made = deployment.make(
        order.name, parts, stack, runtime, target, plugins.network, found.there, found.taken
    )
    for container in made.containers:
        choose.check_runtime(container)
    hooks.check(made, found.unhooked)
    booting.check(made)
    transfers = transfer.of(made)
    change = content.change(made)
    if foreground:
        choose.check_machine(made, emulated)
    else:
        choose.check(found, made, sum(each.size for each in transfers))
    return Prepared(found, made, transfers, change, setup.plan(connection, stack, runtime, found.target))


def execute(
    prepared: Prepared,
    again: Callable[[], Prepared],
    connection: Connection,
    progress: Progress,
    packer: Packer = ALONE,
) -> Outcome:
    """Send what is missing and make it the running one.

    :param again: Prepares it once more: another deployment may take away what was there, or was just sent.
    :param packer: That of the whole command, when there are several targets.
    :raises SdkError: When it does not come up; what ran before then runs again.
    """
    started = time.monotonic()
    sent = Sent(0, 0, 0)
    for left in (2, 1, 0):
        made, name, stack = prepared.deployment, connection.name, prepared.deployment.stack.name
        if prepared.done:
            return Outcome(name, "unchanged", made.digest, stack, sent, 0.0, len(made.members))
        sent += _send(prepared, connection, progress, packer)
        result = _switch(content.change(made, secrets=True), connection, made.name, progress)
        if result.status != GONE or not left:
            break
        progress.step(f"{name}: what was there has been taken away: sending it again")
        prepared = again()
    _check(result, connection, made.name, progress)
    seconds = time.monotonic() - started
    return Outcome(name, "deployed", made.digest, stack, sent, seconds, len(made.members))


def _send(prepared: Prepared, connection: Connection, progress: Progress, packer: Packer) -> Sent:
    """Set the stack up and send what is missing."""
    made, name, sent = prepared.deployment, connection.name, Sent(0, 0, 0)
    _tell(prepared, name, progress)
    if prepared.setup:
        progress.step(f"{name}: setting {made.stack.name} up for {prepared.setup.runtime.name}")
        setup.apply(prepared.setup, connection, made.name)
    for each in prepared.due:
        sent += each.send(connection, progress, packer)
    progress.step(f"{name}: starting")
    return sent


def _tell(prepared: Prepared, name: str, progress: Progress) -> None:
    made, runtime = prepared.deployment, prepared.deployment.containers[0].runtime
    missing = sum(len(each.missing) for each in prepared.transfers)
    layers = sum(len(each.image.layers) for each in prepared.transfers)
    with_runtime = f" with {runtime.name}" if runtime else ""
    progress.step(f"{name}: {made.stack.name}{with_runtime}, {missing} of {layers} layers missing")
    for note in notes.of(made):
        progress.step(f"{name}: {note}")


def rollback(name: str, connection: Connection, progress: Progress) -> Outcome:
    """Make the deployment before the current one the running one again; sends nothing.

    :raises SdkError: When there is none before, or it does not come up.
    """
    started = time.monotonic()
    found = probe(connection, name, {}, ())
    if not found.previous:
        raise SdkError(
            f"{connection.name!r} has no earlier deployment of {name!r}",
            hint="only the one before the current one is kept",
            code="no-previous",
        )
    app = PurePosixPath(found.target.state) / "apps" / name
    progress.step(f"{connection.name}: going back to {found.previous}")
    change = content.switch(app, found.previous, installed=False)
    result = _switch(change, connection, name, progress)
    _check(result, connection, name, progress)
    digest, count = _said(connection, app, found.previous)
    seconds = time.monotonic() - started
    return Outcome(connection.name, "rolled back", digest, found.stack, Sent(0, 0, 0), seconds, count)


def script(prepared: Prepared) -> Script:
    """What `execute` would do, as shell text for people."""
    if prepared.done:
        return "# nothing to do: exactly this runs already\n"
    target = prepared.deployment.target.name
    steps = [f"ssh {target} sh -s <<'END'\n{prepared.setup.script}END"] if prepared.setup else []
    steps += [step for each in prepared.due for step in each.steps()]
    return "".join(f"{step}\n" for step in steps) + f"ssh {target} sh -s <<'END'\n{prepared.change}END\n"


def _said(connection: Connection, app: PurePosixPath, identity: str) -> tuple[str, int]:
    """Digest and number of containers of a deployment, by its record."""
    file = quoted((f"{app}/{identity}/deployment.json",))
    record = json.loads(link.run(connection, f"cat {file}").output or "{}")
    return record.get("digest", ""), len(record.get("containers", [None]))


def _switch(change: Script, connection: Connection, name: str, progress: Progress) -> Result:
    """Let the target change over, which it finishes by itself whatever happens here.

    :raises SdkError: When the connection breaks.
    """
    try:
        return link.run(connection, change)
    except KeyboardInterrupt:
        progress.step(
            f"{connection.name}: goes on without us; look with container-status {connection.name} {name}"
        )
        raise
    except SdkError as error:  # the connection was lost, and what ran there need not be what runs
        raise SdkError(
            error.what,
            detail=f"{error.detail}\n{name!r} was being started: the target goes on without us".strip(),
            hint=f"look what runs there: container-status {connection.name} {name}",
            code=error.code,
        ) from error


def _check(result: Result, connection: Connection, name: str, progress: Progress) -> None:
    lines = result.output.strip().splitlines()
    if result.status == UP:
        for line in lines:
            progress.step(f"{connection.name}: {line}")
        return
    detail = "\n".join(lines or result.error.strip().splitlines()[-5:])
    if result.status == BUSY:
        raise SdkError(
            f"another deployment of {name!r} to {connection.name!r} is going on",
            hint="try again",
            code="busy",
        )
    if result.status == GONE:
        raise SdkError(
            f"the image of that deployment of {name!r} is gone from {connection.name!r}",
            detail="what runs there goes on",
            hint="deploy it again",
            code="image-gone",
        )
    after = {
        RESTORED: "what ran before runs again",
        DOWN: "nothing ran before",
        LOST: "what ran before does not run either",
    }.get(result.status, "")
    raise SdkError(
        f"{name!r} did not come up on {connection.name!r}",
        detail=f"{detail}\n{after}".strip(),
        hint=f"look at its output: container-status {connection.name} {name} --logs" if after == "" else "",
        code="not-up",
    )
