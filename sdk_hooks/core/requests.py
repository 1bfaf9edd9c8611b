"""Remembers how an image was built, so that it can be built again when its sources change."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sdk_hooks.core import disk
from sdk_hooks.core.paths import cache_directory


@dataclass(frozen=True)
class Request:
    """One call of container-build."""

    options: Mapping[str, Any]
    """Its arguments, paths made absolute."""
    watched: tuple[str, ...]
    """Files and directories that it read: the install tree, or the recipe's sources."""


@contextlib.contextmanager
def locked(directory: Path, name: str) -> Iterator[None]:
    """Only one process at a time reads and builds the image *name* of *directory*; a second one waits."""
    path = _path(directory / name).with_suffix(".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError:  # a read-only home: two at once may then read what the other one is making
        yield
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def save(target: Path, request: Request) -> None:
    """Remember that the layout *target* was built by *request*."""
    path = _path(target)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.replace(path, disk.to_json(asdict(request)))
    except OSError:
        pass  # a read-only home: --watch will say that it does not know


def load(target: Path) -> Request | None:
    """What the layout *target* was built by, None when that is not known."""
    try:
        raw = json.loads(_path(target).read_bytes())
        return Request(raw["options"], tuple(raw["watched"]))
    except (OSError, ValueError, KeyError):
        return None


def _path(target: Path) -> Path:
    name = hashlib.sha256(os.fsencode(os.path.abspath(target))).hexdigest()[:32]
    return cache_directory() / "requests" / f"{name}.json"
