"""Writes cpio archives in the form "newc", the one that the kernel unpacks into its first file system.

The form is that of the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
"""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Iterable
from typing import IO

from sdk_hooks.core.files.fileset import BLOCK, CHARACTER, DIRECTORY, FIFO, FILE, HARDLINK, SYMLINK, Entry

_TYPES = {
    FILE: stat.S_IFREG,
    SYMLINK: stat.S_IFLNK,
    DIRECTORY: stat.S_IFDIR,
    CHARACTER: stat.S_IFCHR,
    BLOCK: stat.S_IFBLK,
    FIFO: stat.S_IFIFO,
}
_BLOCK = 512


def write(stream: IO[bytes], entries: Iterable[Entry]) -> None:
    """Write an archive of *entries*, parents before what is in them; no times, so that it is always the same.

    It ends at a multiple of 512 bytes: archives can be put one after the other.
    """
    listed = list(entries)
    by_path = {entry.path: entry for entry in listed if entry.kind != HARDLINK}
    links = Counter(entry.link if entry.kind == HARDLINK else entry.path for entry in listed)
    left = Counter(links)
    inodes = {path: index for index, path in enumerate(by_path, 1)}
    size = 0
    for entry in listed:
        real = by_path[entry.link] if entry.kind == HARDLINK else entry
        left[real.path] -= 1
        body = _content(real) if left[real.path] == 0 else b""  # the last name of a file has the content
        size += _member(stream, entry.path, real, inodes[real.path], links[real.path], body)
    size += _member(stream, "TRAILER!!!", Entry("", "", 0), 0, 1, b"")
    stream.write(bytes(-size % _BLOCK))


def _content(entry: Entry) -> bytes:
    if entry.kind == SYMLINK:
        return entry.link.encode(errors="surrogateescape")
    if entry.kind != FILE or not entry.source:
        return entry.data
    with open(entry.source, "rb") as file:
        return file.read()


def _member(stream: IO[bytes], path: str, entry: Entry, inode: int, links: int, body: bytes) -> int:
    """Write one member; gives the number of bytes written."""
    title = path.encode(errors="surrogateescape") + b"\0"
    mode = _TYPES.get(entry.kind, 0) | entry.mode
    fields = (inode, mode, entry.uid, entry.gid, links, 0, len(body), 0, 0, *entry.device, len(title), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + title
    written = b"".join((head, bytes(-len(head) % 4), body, bytes(-len(body) % 4)))
    stream.write(written)
    return len(written)
