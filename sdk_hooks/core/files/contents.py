"""What a layer has, of a few files with content, and remembered: reading a large layer takes a while."""

from __future__ import annotations

import contextlib
import marshal
import os
import time
from pathlib import Path

from sdk_hooks.core import disk
from sdk_hooks.core.bom import database
from sdk_hooks.core.files import headers
from sdk_hooks.core.files.fileset import Entry
from sdk_hooks.core.paths import cache_directory

_KEPT = frozenset(["etc/passwd", "etc/group", "etc/shadow", "etc/gshadow", "var/lib/dpkg/triggers/File"])
"""What packages that are installed on top add to."""
_MANY = 300
"""Entries from which on remembering is worth a file."""
_OLD = 30 * 86400
"""Seconds after which what nobody asked for is forgotten."""


def read(layer: Path) -> list[Entry]:
    """The entries of the uncompressed *layer* in its order, whiteouts too; of a few files the content.

    :param layer: A blob: its name is its digest.
    :raises tarfile.TarError: When it is no tar archive.
    """
    memory = cache_directory() / "headers" / f"2-{layer.name}"
    try:
        known = marshal.loads(memory.read_bytes())  # noqa: S302  our own file, in the user's cache
        os.utime(memory)
        return [Entry(*raw) for raw in known]
    except (OSError, ValueError, EOFError, TypeError):
        pass  # not read yet, or damaged
    with layer.open("rb") as stream:
        found = list(headers.read(stream, kept))
    if len(found) >= _MANY:
        _remember(memory, found)
    return found


def kept(path: str) -> bool:
    """Whether the content of *path* is looked up: who the users are, and which packages there are."""
    return path in _KEPT or database.wanted(path)


def _remember(memory: Path, found: list[Entry]) -> None:
    with contextlib.suppress(OSError):  # a read-only home: read again next time
        memory.parent.mkdir(parents=True, exist_ok=True)
        disk.replace(memory, marshal.dumps([tuple(entry) for entry in found]))
        for other in memory.parent.iterdir():
            if other.stat().st_mtime < time.time() - _OLD:
                other.unlink()
