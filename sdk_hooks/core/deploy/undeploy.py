"""Takes an application away from a target: container, images, layers, start at boot."""

from __future__ import annotations

from sdk_hooks.core.deploy import changeover, moment, setup
from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy.connection import Connection
from sdk_hooks.core.deploy.resource import script, state_directory
from sdk_hooks.core.deploy.status import no_such
from sdk_hooks.core.shell import quoted
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress
from sdk_hooks.target import Script

_NOT_THERE, _RUNNING, _LATE = 6, 7, 8


def text(name: str, volumes: bool, undo_setup: bool = False, sent: str = "") -> Script:
    """The shell text that does it.

    :param volumes: Also remove the named volumes, and with them what the container has written there.
    :param undo_setup: Also take back what stacks were set up for and nothing uses any more.
    :param sent: When it is sent, as late.sh knows it.
    """
    undo = setup.undo() if undo_setup else ""
    named = '$(cat "$STATE/apps/$name"/*/volumes 2>/dev/null)' if volumes else ""
    sweep = script("sweep.sh", STATE="$STATE")
    body = script("turn.sh") + script("late.sh") + script("undeploy.sh")
    head = f'{state_directory()}name={quoted((name,))}\nvolumes="{named}"\nsent={sent}\n'
    return f'{head}{body}set -- "$name"\n(\n{sweep})\n{undo}exit 0\n'


def undeploy(
    connection: Connection, name: str, volumes: bool, progress: Progress, undo_setup: bool = False
) -> None:
    """Remove *name* from the target, as `text` has it.

    :raises SdkError: When it is not there, or does not stop.
    """
    sent = moment.sent(moment.ask(connection))
    result = link.run(connection, text(name, volumes, undo_setup, sent))
    if result.status == _NOT_THERE:
        raise no_such(connection, name)
    if result.status == _LATE:
        raise changeover.overtaken(connection, name)
    if result.status:
        raise SdkError(
            f"{name!r} could not be removed from {connection.name!r}",
            detail=(result.output + result.error).strip()[-500:],
            hint=f"look at it, then try again: container-status {connection.name} {name}",
            code="not-removed",
        )
    for line in result.output.splitlines() if undo_setup else ():
        progress.step(f"{connection.name}: {line}")
