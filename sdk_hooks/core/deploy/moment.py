"""When something was asked of a target, by its own clock: a cut link may bring it there much later."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy.connection import Connection


@dataclass(frozen=True)
class Moment:
    """When a target answered, by its clock and by ours."""

    uptime: float
    """Seconds since the target's boot."""
    here: float = field(default_factory=time.monotonic)

    def now(self) -> str:
        """The target's uptime by now, in whole seconds: early by what the rest of its answer took."""
        return str(int(self.uptime + time.monotonic() - self.here))


def read(text: str) -> Moment | None:
    """The moment of an answer, by the first number of its /proc/uptime; None when it has none."""
    try:
        return Moment(float(text.split()[0]))
    except (IndexError, ValueError):
        return None


def ask(connection: Connection) -> Moment | None:
    """Ask the target for it.

    :raises SdkError: When the connection breaks.
    """
    return read(link.run(connection, "cat /proc/uptime").output)


def sent(moment: Moment | None) -> str:
    """What late.sh calls `sent`, for a script that goes off now."""
    return moment.now() if moment else ""
