"""Deploys one image to one target: probe, choose, send, switch."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import PurePosixPath

from sdk_hooks.container import Settings
from sdk_hooks.core.deploy import choose, deployment
from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy.connection import Connection, Result
from sdk_hooks.core.deploy.deployment import Deployment
from sdk_hooks.core.deploy.probe import Found, probe
from sdk_hooks.core.deploy.transfer import Sent, Transfer
from sdk_hooks.core.registry import Plugins
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress
from sdk_hooks.image import Image
from sdk_hooks.target import Script

UP, RESTORED, DOWN, BUSY = 0, 3, 4, 5
"""Exit status of switch.sh."""


@dataclass(frozen=True)
class Order:
    """What to deploy, whatever the target."""

    name: str
    image: Image
    settings: Settings
    stack: str = ""
    """Empty: what the target has."""
    runtime: str = ""
    """Empty: the stack's own."""


@dataclass(frozen=True)
class Outcome:
    """What came of one deployment."""

    target: str
    result: str
    """deployed, unchanged, rolled back."""
    digest: str
    stack: str
    sent: Sent
    seconds: float


@dataclass(frozen=True)
class Prepared:
    """A deployment that nothing speaks against."""

    found: Found
    deployment: Deployment
    transfer: Transfer
    change: Script
    """What the target runs once it has the image."""

    @property
    def done(self) -> bool:
        """Whether exactly this runs already."""
        return self.found.current == self.deployment.id and self.found.state.startswith("running")


def prepare(order: Order, connection: Connection, plugins: Plugins, *, foreground: bool = False) -> Prepared:
    """Probe the target and decide everything; changes nothing.

    :param foreground: It is run here by whoever asks, who may have no privilege, and not deployed.

    :raises SdkError: When the deployment can't work.
    """
    runtimes = [plugins.runtime(name) for name in plugins.family("runtime")]
    found = probe(
        connection,
        order.name,
        plugins.stacks(),
        runtimes,
        [device.source for device in order.settings.devices],
    )
    stack = choose.stack(found.target, plugins, order.stack)
    runtime = choose.runtime(found.target, plugins, stack, order.runtime)
    settings = deployment.with_network(order.settings, stack)
    made = deployment.make(order.name, order.image, settings, stack, runtime, found.target, found.nodes)
    choose.check_runtime(made.container)
    change = _change(made, order.image)
    held = found.target.stacks[stack.name].holds(order.image.diff_ids)
    transfer = Transfer(made, order.image, held)
    if foreground:
        choose.check_machine(found.target, order.image, settings, stack)
    else:
        choose.check(found, order.image, order.name, settings, stack, transfer.size)
    return Prepared(found, made, transfer, change)


def execute(prepared: Prepared, connection: Connection, progress: Progress) -> Outcome:
    """Send what is missing and make it the running one.

    :raises SdkError: When it does not come up; what ran before then runs again.
    """
    started = time.monotonic()
    made, transfer = prepared.deployment, prepared.transfer
    digest = made.container.digest
    if prepared.done:
        return Outcome(connection.name, "unchanged", digest, made.stack.name, Sent(0, 0, 0), 0.0)
    runtime = made.container.runtime
    progress.step(
        f"{connection.name}: {made.stack.name}{f' with {runtime.name}' if runtime else ''}"
        f", {len(transfer.missing)} of {len(transfer.image.layers)} layers missing"
    )
    if made.unlimited:
        progress.step(
            f"{connection.name}: without an engine only root can limit resources: there are no limits"
        )
    sent = transfer.send(connection, progress) if transfer.missing or not _loaded(prepared) else Sent(0, 0, 0)
    progress.step(f"{connection.name}: starting")
    _switch(prepared.change, connection, made.container.name, progress)
    return Outcome(connection.name, "deployed", digest, made.stack.name, sent, time.monotonic() - started)


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
    _switch(deployment.switch(app, found.previous, installed=False), connection, name, progress)
    digest = _digest(connection, app, found.previous)
    return Outcome(
        connection.name, "rolled back", digest, found.stack, Sent(0, 0, 0), time.monotonic() - started
    )


def script(prepared: Prepared) -> Script:
    """What `execute` would do, as shell text for people."""
    if prepared.done:
        return "# nothing to do: exactly this runs already\n"
    made, transfer = prepared.deployment, prepared.transfer
    steps = transfer.steps() if transfer.missing or not _loaded(prepared) else []
    return "".join(f"{step}\n" for step in steps) + (
        f"ssh {made.target.name} sh -s <<'END'\n{prepared.change}END\n"
    )


def _loaded(prepared: Prepared) -> bool:
    """Whether an engine also knows the image itself, not only its layers."""
    return prepared.deployment.stack.takes == "layers"


def _change(made: Deployment, image: Image) -> Script:
    content = deployment.scripts(made, image)
    return deployment.install(made, content) + deployment.switch(made.app, made.id, installed=True)


def _digest(connection: Connection, app: PurePosixPath, identity: str) -> str:
    text = link.run(connection, f"cat {app}/{identity}/deployment.json").output
    return str(json.loads(text)["digest"]) if text else ""


def _switch(change: Script, connection: Connection, name: str, progress: Progress) -> None:
    """Let the target change over, which it finishes by itself whatever happens here.

    :raises SdkError: When the new deployment did not come up.
    """
    try:
        result = link.run(connection, change)
    except KeyboardInterrupt:
        progress.step(
            f"{connection.name}: goes on without us; look with container-status {connection.name} {name}"
        )
        raise
    _check(result, connection, name, progress)


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
    after = {
        RESTORED: "what ran before runs again",
        DOWN: "nothing ran before",
    }.get(result.status, "")
    raise SdkError(
        f"{name!r} did not come up on {connection.name!r}",
        detail=f"{detail}\n{after}".strip(),
        hint=f"look at its output: container-status {connection.name} {name} --logs" if after == "" else "",
        code="not-up",
    )
