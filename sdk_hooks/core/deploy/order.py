"""Deploys one image to one target: probe, choose, send, switch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from sdk_hooks.container import Port
from sdk_hooks.core.deploy import (
    booting,
    changeover,
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
from sdk_hooks.core.deploy.connection import Connection
from sdk_hooks.core.deploy.deployment import Deployment, container_name
from sdk_hooks.core.deploy.packed import ALONE, Packer
from sdk_hooks.core.deploy.parts import Part, check_mounts, check_ports
from sdk_hooks.core.deploy.probe import Found, probe
from sdk_hooks.core.deploy.setup import Change
from sdk_hooks.core.deploy.transfer import Sent, Transfer
from sdk_hooks.core.oci import adopt
from sdk_hooks.core.registry import Plugins
from sdk_hooks.families import Progress
from sdk_hooks.target import Script

_AGAIN = {
    changeover.GONE: "what was there has been taken away: sending it again",
    changeover.LATE: "somebody else has changed it meanwhile: once more",
}
"""What is not the end of it, by exit status of the switch."""


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
    devices = matching.question((d for part in order.parts for d in part.settings.devices), plugins)
    parts = _bare(order.parts) if foreground else order.parts
    settings = [part.settings for part in parts]
    asked = devices + hooks.question(settings) + taken.question(settings)
    details = bool(order.runtime or devices)
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


def _bare(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """*parts* without what would be made on this machine, and have to be taken away: networks, hooks."""
    return tuple(replace(part, settings=replace(part.settings, networks=(), hooks=())) for part in parts)


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
            result = link.run(connection, content.keep(made.app, made.id, changeover.asked(prepared.found)))
        else:
            sent += _send(prepared, connection, progress, packer)
            asked = changeover.asked(prepared.found)
            change = content.change(made, secrets=True, asked=asked)
            result = changeover.switch(change, connection, made.name, progress)
        if result.status not in _AGAIN or not left:
            break
        progress.step(f"{name}: {_AGAIN[result.status]}")
        prepared = again()
    changeover.check(result, connection, made.name, progress)
    seconds = 0.0 if prepared.done else time.monotonic() - started
    said = "unchanged" if prepared.done else "deployed"
    return Outcome(name, said, made.digest, stack, sent, seconds, len(made.members))


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


def script(prepared: Prepared) -> Script:
    """What `execute` would do, as shell text for people."""
    if prepared.done:
        return "# nothing to do: exactly this runs already\n"
    target = prepared.deployment.target.name
    steps = [f"ssh {target} sh -s <<'END'\n{prepared.setup.script}END"] if prepared.setup else []
    steps += [step for each in prepared.due for step in each.steps()]
    return "".join(f"{step}\n" for step in steps) + f"ssh {target} sh -s <<'END'\n{prepared.change}END\n"
