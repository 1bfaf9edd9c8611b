"""Locks by which a second process of the same user waits for the first, whatever it is that they change."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from sdk_hooks.core.paths import cache_directory


@contextlib.contextmanager
def held(family: str, path: Path) -> Iterator[None]:
    """Only one process at a time does what *family* stands for to *path*, which need not be there."""
    key = hashlib.sha256(os.fsencode(os.path.abspath(path))).hexdigest()[:32]
    lock = cache_directory() / family / f"{key}.lock"
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError:  # a read-only home: two at once may then read what the other one is making
        yield
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
