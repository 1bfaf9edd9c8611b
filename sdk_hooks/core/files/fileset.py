"""The files of an image before they are layers: entries with owners, in named groups."""

from __future__ import annotations

import filecmp
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sdk_hooks.core.bom.component import Component

FILE, HARDLINK, SYMLINK, CHARACTER, BLOCK, DIRECTORY, FIFO = "0", "1", "2", "3", "4", "5", "6"
"""Kinds of entry, named by their type flag in a tar archive."""

_HIDES = ".wh."


class Entry(NamedTuple):
    """One file of the image.

    A named tuple: there may be a hundred thousand of them.
    """

    path: str
    """Inside the image, without a leading slash."""
    kind: str
    mode: int
    uid: int = 0
    gid: int = 0
    size: int = 0
    mtime: int = 0
    """Seconds since 1970; clamped when it is written."""
    link: str = ""
    """Target of a symbolic link as it is stored; of a hard link the path inside the image."""
    source: str = ""
    """The file on this machine that has the content."""
    data: bytes = b""
    """The content, where there is no source."""
    device: tuple[int, int] = (0, 0)
    xattrs: tuple[tuple[str, bytes], ...] = ()
    stamp: tuple[int, ...] = ()
    """Device, inode, mtime and ctime of the source in ns: changes when the content may have changed."""


@dataclass
class Group:
    """Files that change together, and so make a layer of their own.

    Groups come in the order of how often they change, the most stable first.
    """

    name: str
    entries: dict[str, Entry] = field(default_factory=dict)
    comment: str = ""
    """For the image's history."""
    components: list[Component] = field(default_factory=list)
    """What the files belong to."""
    read: list[Component] = field(default_factory=list)
    """What they were made of and do not belong to."""
    fixed: bool = False
    """Whether it is part of a base image: the same whatever is above it."""

    @property
    def size(self) -> int:
        return sum(entry.size for entry in self.entries.values())

    def add(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.entries[entry.path] = entry


def directory(path: str, mode: int = 0o755, uid: int = 0, gid: int = 0) -> Entry:
    """A directory that no source gave, such as a missing parent."""
    return Entry(path, DIRECTORY, mode, uid, gid)


def same(one: Entry, other: Entry) -> bool:
    """Whether two files or links are the same in all but their time."""
    facts = [
        (each.kind, each.mode, each.uid, each.gid, each.size, each.link, each.xattrs) for each in (one, other)
    ]
    if facts[0] != facts[1] or one.kind not in (FILE, SYMLINK):
        return False
    if one.source and other.source:
        return filecmp.cmp(one.source, other.source, shallow=False)
    return bool(one.source) == bool(other.source) and one.data == other.data


def whiteout(path: str) -> Entry:
    """What hides *path* of the layers below (image-spec, layer.md)."""
    folder, _, name = path.rpartition("/")
    return Entry(f"{folder}/{_HIDES}{name}".lstrip("/"), FILE, 0)


def parents(path: str) -> Iterator[str]:
    """Every directory above *path*, the outermost first."""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)


class Merged:
    """What the layers so far show when they lie on top of each other: types, owners and links, no content."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.base: set[str] = set()
        """Paths that only a base image shows: layers on top do not rely on them, and fit on another one."""
        self.layers: list[Path] = []
        """Of a base image: uncompressed archives, bottom first, which have what is in its files."""

    def settle(self) -> None:
        """Say that what there is so far is a base image's."""
        self.base = set(self.entries)

    def real(self, path: str) -> str:
        """*path* with the links of its parents followed, so that adding it replaces no link by a directory.

        A package that installs lib/x into an image where lib is a link to usr/lib adds usr/lib/x.
        """
        for _ in range(40):
            linked = next((d for d in parents(path) if self._is_link(d)), None)
            if linked is None:
                return path
            path = (_join(linked, self.entries[linked].link) + path[len(linked) :]).lstrip("/")
        return path

    def place(self, group: Group) -> list[Entry]:
        """Add *group* on top, and give the entries that its layer has to contain.

        They are sorted by path, hard links last: what a link points to has to be there before it.
        """
        placed: dict[str, Entry] = {}
        for entry in sorted(group.entries.values(), key=lambda entry: entry.path.count("/")):
            path = self.real(entry.path)
            self._add_parents(path, placed)
            link = self.real(entry.link) if entry.kind == HARDLINK else entry.link
            moved = path != entry.path or link != entry.link
            self._put(entry._replace(path=path, link=link) if moved else entry, placed)
        return sorted(placed.values(), key=lambda entry: (entry.kind == HARDLINK, entry.path))

    def remove(self, path: str, *, itself: bool) -> None:
        """Forget what is below *path*, as a whiteout of a layer says, and with *itself* also *path*."""
        below = [known for known in self.entries if known.startswith(path + "/") or not path]
        for known in below + ([path] if itself else []):
            self.entries.pop(known, None)

    def cover(self, entry: Entry) -> None:
        """Show *entry* at its path: what was in a directory there goes with it, unless it is one itself.

        As overlayfs has it, a link on the way there is replaced by a directory.
        """
        for parent in parents(entry.path):
            if self._is_link(parent):
                self.entries[parent] = directory(parent)
        below = self.entries.get(entry.path)
        if below is not None and below.kind == DIRECTORY and entry.kind != DIRECTORY:
            self.remove(entry.path, itself=False)
        self.entries[entry.path] = entry

    def _is_link(self, path: str) -> bool:
        entry = self.entries.get(path)
        return entry is not None and entry.kind == SYMLINK

    def _add_parents(self, path: str, placed: dict[str, Entry]) -> None:
        for parent in parents(path):
            if parent not in self.entries or parent in self.base:
                made = self._as_below(directory(parent))
                self.entries[parent] = placed[parent] = made
                self.base.discard(parent)

    def _put(self, entry: Entry, placed: dict[str, Entry]) -> None:
        below = self.entries.get(entry.path)
        if below is not None and entry.kind == DIRECTORY and _shows(below, entry):
            if entry.path not in self.base or below.kind != DIRECTORY:
                return
            entry = self._as_below(entry)
        placed[entry.path] = entry
        folder, _, name = entry.path.rpartition("/")
        if name.startswith(_HIDES):
            self.remove(f"{folder}/{name.removeprefix(_HIDES)}".lstrip("/"), itself=True)
        else:
            self.cover(entry)
            self.base.discard(entry.path)

    def _as_below(self, made: Entry) -> Entry:
        """The directory *made*, as a base image that has it shows it."""
        below = self.entries.get(made.path)
        if below is None or below.kind != DIRECTORY:
            return made
        return made._replace(mode=below.mode, uid=below.uid, gid=below.gid)


def _shows(below: Entry, entry: Entry) -> bool:
    """Whether *below* can stand for the directory *entry*: a link to one stays, and one that is the same."""
    if below.kind != DIRECTORY:
        return below.kind == SYMLINK
    plain = (entry.mode, entry.uid, entry.gid) == (0o755, 0, 0)
    return plain or (below.mode, below.uid, below.gid) == (entry.mode, entry.uid, entry.gid)


def _join(link_path: str, target: str) -> str:
    parts = [] if target.startswith("/") else link_path.split("/")[:-1]
    for part in target.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
