"""Lets one process at a time work in a directory."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress

LIMIT = 600.0


@contextmanager
def locked(directory: Path, progress: Progress | None = None, limit: float = LIMIT) -> Iterator[None]:
    """Hold the lock of *directory*; the system lets go of it when this process ends, however it ends.

    :param limit: Seconds to wait for another process.
    :raises SdkError: When the other one does not finish.
    """
    end = time.monotonic() + limit
    # opened for reading: whoever may look may wait, and nothing is inherited by what is started meanwhile
    file = os.open(directory / "lock", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        told = False
        while not _try(file):
            if time.monotonic() > end:
                raise SdkError(
                    f"another process has been at work in '{directory}' for too long",
                    hint=f"look which: fuser -v {directory}/lock",
                    code="busy",
                )
            if progress and not told:
                progress.step(f"waiting for another process that works in '{directory}'")
                told = True
            time.sleep(0.05)
        yield
    finally:
        os.close(file)


def _try(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
