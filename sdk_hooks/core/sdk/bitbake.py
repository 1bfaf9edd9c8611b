"""Runs BitBake, and says in our words what went wrong."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress

_SOURCED = 'init=$1 dir=$2; shift 2; . "$init" "$dir" >/dev/null && exec "$@"'
"""The SDK's script can only be sourced, and wants to see no arguments but the directory."""

_MISSING = (
    r"Nothing R?PROVIDES '([^']+)' \(but (\S+) R?DEPENDS on",
    r" (\S+) : Depends: (\S+) .*but it is not",
    r"contained in package (\S+) requires (\S+), but no providers found",
    r"nothing provides (\S+).* needed by (\S+)",
    r"Couldn't find anything to satisfy '(\S+)'",
    r"cannot find dependency (\S+) for (\S+)",
    r"Unable to locate package (\S+)",
)
"""What BitBake, do_package_qa, apt, dnf and opkg say."""

_NOISE = ("| DEBUG:", "| NOTE:", "| WARNING: exit code")

_SHOWN = 30
"""Lines of a failed task's log."""


@dataclass(frozen=True)
class Bitbake:
    """Runs bitbake in the environment of the SDK.

    :param init_path: The script to source first; None when this process has the environment already.
    """

    init_path: str | None
    directory: str
    progress: Progress

    def run(self, *arguments: str) -> list[str]:
        """Run bitbake; its warnings and errors are part of the story. Gives what it printed, line by line.

        :raises SdkError: When it fails, naming what is missing where it says so.
        """
        argv = ("bitbake", *arguments)
        if self.init_path:
            argv = ("bash", "-c", _SOURCED, "bash", self.init_path, self.directory, *argv)
        output: list[str] = []
        with subprocess.Popen(
            argv,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C reaches it through us, once
        ) as child:
            try:
                for line in child.stdout or ():
                    output.append(line.rstrip())
                    if line.startswith("WARNING:"):
                        self.progress.step(f"  {line.rstrip()}")
            except KeyboardInterrupt:
                self._end(child)
                raise
        if child.returncode:
            raise failure(output)
        return output

    def _end(self, child: subprocess.Popen[str]) -> None:
        """End it in order, so that nothing holds the SDK's lock when we are gone."""
        self.progress.step("stopping BitBake: Ctrl-C again stops its tasks too")
        while child.poll() is None:
            child.send_signal(signal.SIGINT)
            try:
                child.communicate()
            except KeyboardInterrupt:
                continue


def failure(output: Sequence[str]) -> SdkError:
    """What the *output* of a bitbake that failed means."""
    for pattern in _MISSING:
        lines = [line.strip() for line in output if re.search(pattern, line)]
        if lines:
            return SdkError(
                "a run-time dependency is missing",
                detail="\n".join(dict.fromkeys(lines)),
                hint="add a recipe that makes it, or correct RDEPENDS",
                code="missing-dependency",
            )
    errors = [line for line in output if line.startswith("ERROR:")]
    # the log of the task that failed: what the compiler said
    log = [line[2:] for line in output if line.startswith("| ") and not line.startswith(_NOISE)]
    detail = [*log[-_SHOWN:], *(errors[-5:] or output[-5:])]
    return SdkError("BitBake failed", detail="\n".join(detail), code="bitbake-failed")


def unknown(error: SdkError) -> str:
    """The recipe asked for on the command line that BitBake does not know; empty when it was not that."""
    found = re.search(r"Nothing PROVIDES '([^']+)'(?! \(but)", error.detail)
    return found[1] if found else ""
