"""Brings BitBake's own files in line with an SDK's layers, as devtool's sdk-update does at its end."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from sdk_hooks.core.sdk.bitbake import Bitbake
from sdk_hooks.errors import SdkError

_TASKS = ("do_populate_sysroot", "do_packagedata")
_RUNNING = re.compile(r"Running (?:noexec )?task \d+ of \d+ \((.+):(do_\w+)\)")


def prepare(bitbake: Bitbake, stamps: Path, workspace: Collection[str]) -> list[str]:
    """Take what recipes that were used before are built of out of the shared state.

    :param workspace: Recipes under edit: nobody expects to find these in the shared state.
    :returns: Those of them that are to be built again.
    :raises SdkError: When other ones are missing there, or BitBake fails.
    """
    wanted = targets(stamps)
    if not wanted:
        return []
    bitbake.run("--setscene-only", *wanted)
    left = unexecuted(bitbake.run("-n", *wanted))
    missing = [name for name in left if name not in workspace]
    if missing:
        raise SdkError(
            "the update server lacks what recipes are built of",
            detail=f"BitBake would have to build {', '.join(missing)}",
            hint="tell who publishes it: is its sstate-cache complete?",
            code="no-sstate",
        )
    return left


def targets(stamps: Path) -> list[str]:
    """What was prepared before: `recipe:task`, by the stamps that BitBake has left."""
    found = set()
    for folder, _, names in os.walk(stamps):
        for task in _TASKS:
            marks = (f".{task}.", f".{task}_setscene.")
            if any(mark in name for name in names if ".sigdata." not in name for mark in marks):
                found.add(f"{os.path.basename(folder)}:{task}")
    return sorted(found)


def unexecuted(output: Sequence[str]) -> list[str]:
    """Recipes of which `bitbake -n` says that it would run tasks."""
    found = (_RUNNING.search(line) for line in output)
    names = (os.path.basename(match[1]).removesuffix(".bb").partition("_")[0] for match in found if match)
    return list(dict.fromkeys(names))
