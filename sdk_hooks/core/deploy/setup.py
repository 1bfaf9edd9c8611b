"""Sets a stack up for a runtime that it does not know: recorded on the target, and undone on demand."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy.connection import Connection
from sdk_hooks.core.deploy.probe import probe
from sdk_hooks.core.deploy.resource import script
from sdk_hooks.core.shell import quoted, write_files
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Runtime, Stack
from sdk_hooks.target import Script, Setup, Target

_PATIENCE = 10.0
"""Seconds in which a stack has to have read its new configuration."""


@dataclass(frozen=True)
class Change:
    """What makes a stack know a runtime, as text for the target."""

    stack: Stack
    runtime: Runtime
    script: Script


def plan(connection: Connection, stack: Stack, runtime: Runtime | None, target: Target) -> Change | None:
    """What has to be done for *stack* to start containers with *runtime*; None when it can. Changes nothing.

    :raises SdkError: When the configuration that is there can't be understood.
    """
    if runtime is None or not stack.lacks(runtime, target):
        return None
    wanted = stack.setup(runtime, target)
    if wanted is None:
        return None
    before = link.run(connection, f"cat {quoted((wanted.path,))} 2>/dev/null").output
    after = _merged(wanted, before, connection.name)
    cleared = _cleared(wanted, before)
    return Change(stack, runtime, _script(wanted, after, cleared, stack, runtime, target))


def apply(change: Change, connection: Connection, name: str) -> None:
    """Do it, and see that it holds; else put back what was there.

    :param name: Of a deployment, for the probe.
    :raises SdkError: When the stack does not know the runtime then.
    """
    stack, runtime = change.stack, change.runtime
    done = link.run(connection, change.script)
    until = time.monotonic() + _PATIENCE
    while True:
        target = probe(connection, name, {stack.name: stack}, [runtime], details=True).target
        lacks = stack.lacks(runtime, target) if stack.name in target.stacks else "it does not answer"
        if not lacks:
            return
        if time.monotonic() > until or done.status:
            break
        time.sleep(0.5)
    said = link.run(connection, _undo_last(target)).output
    raise SdkError(
        f"{stack.name} on {connection.name!r} could not be set up for {runtime.name}",
        detail="\n".join(filter(None, ((done.output + done.error).strip(), lacks, said.strip()))),
        hint="what was changed was put back",
        code="setup-failed",
    )


def undo() -> Script:
    """Commands that take back every setup of ours that nothing uses any more, the last one first."""
    return f"{script('setup-undo.sh')}undo_all\n"


def _undo_last(target: Target) -> Script:
    return f"STATE={quoted((str(target.state),))}\n{script('setup-undo.sh')}undo_last\n"


def _merged(wanted: Setup, before: str, name: str) -> str:
    """The file as it has to be: what is there stays as it is."""
    if isinstance(wanted.content, str):
        return wanted.content
    try:
        there = json.loads(before or "{}")
        if not isinstance(there, dict):
            raise ValueError("it is no object")
    except ValueError as error:
        what = f"{wanted.path} on {name!r} is not JSON that can be added to"
        raise SdkError(what, detail=str(error), hint="put it right there", code="bad-config") from error
    return json.dumps(_over(wanted.content, there), indent=4) + "\n"


def _cleared(wanted: Setup, before: str) -> str:
    """The file as it has to be read once when this is taken back; empty when what was there before will do.

    A daemon that reads a file again forgets no entries of an object that is not in it.
    """
    if isinstance(wanted.content, str):
        return ""
    there = json.loads(before or "{}")
    without: dict[str, Any] = {key: {} for key, value in wanted.content.items() if isinstance(value, Mapping)}
    return "" if without.keys() <= there.keys() else json.dumps(_over(without, there), indent=4) + "\n"


def _over(added: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    """*there*, and of *added* what it lacks, object by object."""
    found = dict(there)
    for key, value in added.items():
        own = found.get(key)
        if isinstance(value, Mapping) and isinstance(own, Mapping):
            found[key] = _over(value, own)
        else:
            found.setdefault(key, value)
    return found


def _script(
    wanted: Setup, after: str, cleared: str, stack: Stack, runtime: Runtime, target: Target
) -> Script:
    """Writes the file whole, and beside the deployments a record of what was there, which may be secret."""
    path, place = quoted((wanted.path,)), quoted((f"{target.state}/setup",))
    facts = {"stack": stack.name, "runtime": runtime.name, "path": wanted.path}
    record = "".join(f"{key}={quoted((value,))}\n" for key, value in facts.items())
    files = {"after": after, "facts": record, "reload": wanted.reload or ":\n"}
    files.update({"cleared": cleared} if cleared else {})
    return (
        f"umask 077\nn=0\nfor d in {place}/[0-9]*; do\n"
        '[ "${d##*/}" -le $n ] 2>/dev/null || n=${d##*/}\ndone\n'
        "case $n in *[!0-9]*) n=0 ;; esac\nn=$((n + 1))\n"
        f"mkdir -p {place}/$n && cd {place}/$n || exit\n"
        f"{write_files('.', files)}"
        f"file={path}\n[ ! -L {path} ] || file=$(readlink -f {path}) || exit\n"
        '[ ! -f "$file" ] || cp -p "$file" before || exit\n'
        'umask 022\nmkdir -p "$(dirname "$file")" || exit\n'
        '[ ! -f "$file" ] || cp -p "$file" "$file.new" || exit\n'  # who owns it, and who may read it
        'cat after >"$file.new" && mv "$file.new" "$file" && sync\nsh ./reload\n'
    )
