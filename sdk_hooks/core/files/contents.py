"""What a layer has, without its content, and remembered: reading a large layer's headers takes seconds."""

from __future__ import annotations

import contextlib
import marshal
import os
import tarfile
import time
from pathlib import Path

from sdk_hooks.core import disk
from sdk_hooks.core.files.fileset import BLOCK, CHARACTER, DIRECTORY, FIFO, FILE, HARDLINK, SYMLINK, Entry
from sdk_hooks.core.paths import cache_directory

_KINDS = {kind: kind for kind in (FILE, HARDLINK, SYMLINK, CHARACTER, BLOCK, DIRECTORY, FIFO)}
_KEPT = ("etc/passwd", "etc/group")
"""Files whose content is looked up."""
_MANY = 300
"""Entries from which on remembering is worth a file."""
_OLD = 30 * 86400
"""Seconds after which what nobody asked for is forgotten."""


def read(layer: Path) -> list[Entry]:
    """The entries of the uncompressed *layer* in its order, whiteouts too; of a few files the content.

    :param layer: A blob: its name is its digest.
    :raises tarfile.TarError: When it is no tar archive.
    """
    memory = cache_directory() / "contents" / layer.name
    try:
        known = marshal.loads(memory.read_bytes())  # noqa: S302  our own file, in the user's cache
        os.utime(memory)
        return [Entry(*raw) for raw in known]
    except (OSError, ValueError, EOFError, TypeError):
        pass  # not read yet, or damaged
    found = _read(layer)
    if len(found) >= _MANY:
        _remember(memory, found)
    return found


def _read(layer: Path) -> list[Entry]:
    found = []
    with tarfile.open(layer, "r:") as archive:
        for member in archive:
            path = os.path.normpath(member.name.lstrip("/")).removeprefix("./")
            if path != ".":
                found.append(_entry(member, path, archive))
    return found


def _entry(member: tarfile.TarInfo, path: str, archive: tarfile.TarFile) -> Entry:
    data = b""
    if path in _KEPT and member.isreg():
        content = archive.extractfile(member)
        data = content.read() if content else b""
    kind = _KINDS.get(member.type.decode(), FILE)
    return Entry(path, kind, member.mode, member.uid, member.gid, len(data), link=member.linkname, data=data)


def _remember(memory: Path, found: list[Entry]) -> None:
    with contextlib.suppress(OSError):  # a read-only home: read again next time
        memory.parent.mkdir(parents=True, exist_ok=True)
        disk.replace(memory, marshal.dumps([tuple(entry) for entry in found]))
        for other in memory.parent.iterdir():
            if other.stat().st_mtime < time.time() - _OLD:
                other.unlink()
