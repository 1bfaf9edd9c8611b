"""Programs that stay in the background and say in a pid file who they are."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from sdk_hooks.target import Argv

_START = 60.0


def daemon(argv: Argv, directory: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run *argv* in *directory*, a program that goes to the background when it is up.

    :returns: What it printed when it failed, else nothing.
    """
    with open(directory / "start.log", "w+b") as log:  # not a pipe: what stays would hold it open
        child = subprocess.Popen(
            argv, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,  # Ctrl-C is for us: we end it, when it is known by its pid file
            env={**os.environ, **(environment or {})},
        )  # fmt: skip
        try:
            status = child.wait(_START)
        except BaseException:
            _finish(child)
            raise
        log.seek(0)
        said = log.read().decode(errors="replace").strip()
        return "" if status == 0 else said or f"it ended with status {status}"


def _finish(child: subprocess.Popen[bytes]) -> None:
    """Let it become a daemon that can be ended, or end it."""
    try:
        child.wait(2)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def pid(file: Path) -> int:
    """The process that holds the lock on its pid file *file*, as QEMU's does; 0 when none does.

    The lock, not the number, says that it runs: numbers are given again, and files outlive a power cut.
    """
    try:
        with open(file, "r+b") as stream:
            try:
                fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return int(stream.read() or 0)
    except (FileNotFoundError, ValueError):
        pass
    return 0


def end(file: Path, seconds: float = 5.0) -> None:
    """End the process of the pid file *file* by force, and wait until it is gone."""
    number = pid(file)
    if number:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
        wait(lambda: not pid(file), seconds)
    file.unlink(missing_ok=True)


def wait(happened: Callable[[], object], seconds: float, pause: float = 0.03) -> bool:
    """Ask *happened* until it is true, for at most *seconds*; gives whether it was."""
    until = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > until:
            return False
        time.sleep(pause)
    return True
