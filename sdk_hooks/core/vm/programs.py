"""Runs a program that is to be quiet, and says why it failed when it does."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from sdk_hooks.core.disk import full
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Argv

_FULL = ("No space left on device", "enough free space")


def run(argv: Argv, directory: Path, cwd: Path | None = None) -> str:
    """Run *argv*, which writes to *directory*; gives what it printed.

    :raises SdkError: With its last words, or that the disk is full.
    """
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        cwd=cwd, check=False, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    text = done.stdout.decode(errors="replace")
    if done.returncode == 0:
        return text
    if any(words in text for words in _FULL):
        raise full(directory)
    name = Path(argv[0]).name
    said = [line.rstrip() for line in text.splitlines() if line.strip()]
    raise SdkError(
        f"{name} failed",
        detail="\n".join(said[-4:]) or f"it ended with status {done.returncode}",
        code="program-failed",
    )
