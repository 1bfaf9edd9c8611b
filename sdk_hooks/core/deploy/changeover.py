"""A target changes over to another deployment by itself: what it is given, and what it says of that."""

from __future__ import annotations

from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy import moment
from sdk_hooks.core.deploy.connection import Connection, Result
from sdk_hooks.core.deploy.probe import Found
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress
from sdk_hooks.target import Script

UP, RESTORED, DOWN, BUSY, LOST, GONE, LATE, UNWRITABLE = 0, 3, 4, 5, 6, 7, 8, 9
"""Exit status of switch.sh."""


def asked(found: Found) -> Script:
    """What a script that goes off now says of its sender: when that is, and that there was a deployment."""
    return f"sent={moment.sent(found.moment)} seen={'1' if found.current else ''} "


def switch(change: Script, connection: Connection, name: str, progress: Progress) -> Result:
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


def check(result: Result, connection: Connection, name: str, progress: Progress) -> None:
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
    if result.status == UNWRITABLE:
        raise SdkError(
            f"{connection.name!r} can't write what it keeps of {name!r}",
            detail=detail,
            hint="what ran there goes on; is its disk full, or read-only? look: df, mount",
            code="unwritable",
        )
    if result.status == LATE:
        raise overtaken(connection, name)
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


def overtaken(connection: Connection, name: str) -> SdkError:
    """Somebody asked for something else while this was on its way."""
    return SdkError(
        f"{name!r} was changed on {connection.name!r} while this was on its way",
        detail="nothing was done here",
        hint=f"look what runs there, then try again: container-status {connection.name} {name}",
        code="overtaken",
    )
