"""Goes back to the deployment before the current one, which the target still has."""

from __future__ import annotations

import json
import time
from pathlib import PurePosixPath

from sdk_hooks.core.deploy import changeover, content
from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy.connection import Connection
from sdk_hooks.core.deploy.order import Outcome
from sdk_hooks.core.deploy.probe import probe
from sdk_hooks.core.deploy.transfer import Sent
from sdk_hooks.core.shell import quoted
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress


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
    change = content.switch(app, found.previous, installed=False, asked=changeover.asked(found))
    result = changeover.switch(change, connection, name, progress)
    changeover.check(result, connection, name, progress)
    digest, count = _said(connection, app, found.previous)
    seconds = time.monotonic() - started
    return Outcome(connection.name, "rolled back", digest, found.stack, Sent(0, 0, 0), seconds, count)


def _said(connection: Connection, app: PurePosixPath, identity: str) -> tuple[str, int]:
    """Digest and number of containers of a deployment, by its record."""
    file = quoted((f"{app}/{identity}/deployment.json",))
    record = json.loads(link.run(connection, f"cat {file}").output or "{}")
    return record.get("digest", ""), len(record.get("containers", [None]))
