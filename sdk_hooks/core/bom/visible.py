"""What the layers of an image show when they lie on top of each other, and what they hide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sdk_hooks.core.files.fileset import DIRECTORY, Entry, directory, parents

_OPAQUE = ".wh..wh..opq"


class Hidden(NamedTuple):
    """A file of a layer that a layer above it replaces or deletes."""

    path: str
    size: int
    layer: int
    """Index of the layer that has it, 0 is the bottom."""
    by: int
    """Index of the layer that hides it."""


class Visible:
    """Layers are added from the bottom; as overlayfs has it, a layer's directory replaces a link below."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.layers: dict[str, int] = {}
        """Index of the layer that each path is of."""
        self.hidden: list[Hidden] = []
        self._names: dict[str, set[str]] = {"": set()}
        """What each directory has."""

    def add(self, index: int, entries: Sequence[Entry]) -> None:
        """Put the layer *index* on top."""
        whiteouts = [each for each in entries if "/.wh." in f"/{each.path}"]
        for each in whiteouts:
            self._delete(index, each.path)
        deleted = set(whiteouts)
        for each in entries:
            if not deleted or each not in deleted:
                self._cover(index, each)

    @property
    def wasted(self) -> int:
        """Bytes of files that are in the image and not to be seen."""
        return sum(each.size for each in self.hidden)

    def _delete(self, index: int, whiteout: str) -> None:
        folder, _, name = whiteout.rpartition("/")
        if name == _OPAQUE:
            self._clear(index, folder)
        else:
            self._remove(index, f"{folder}/{name[4:]}".lstrip("/"))

    def _cover(self, index: int, entry: Entry) -> None:
        folder, _, name = entry.path.rpartition("/")
        if folder not in self._names:
            self._make(index, folder)
        below = self.entries.get(entry.path)
        if entry.kind == DIRECTORY:
            if entry.path not in self._names:
                self._hide(index, entry.path, below)
                self._names[entry.path] = set()
        elif below is not None and below.kind == DIRECTORY:
            self._clear(index, entry.path)
            del self._names[entry.path]
        else:
            self._hide(index, entry.path, below)
        self._names[folder].add(name)
        self.entries[entry.path] = entry
        self.layers[entry.path] = index

    def _make(self, index: int, folder: str) -> None:
        """Directories that the layer does not mention, or has in the place of links and files."""
        for path in (*parents(folder), folder):
            if path not in self._names:
                self._cover(index, directory(path))

    def _hide(self, index: int, path: str, below: Entry | None) -> None:
        if below is not None and below.kind != DIRECTORY and self.layers[path] != index:
            self.hidden.append(Hidden(path, below.size, self.layers[path], index))

    def _remove(self, index: int, path: str) -> None:
        below = self.entries.pop(path, None)
        if below is None:
            return
        if below.kind == DIRECTORY:
            self._clear(index, path)
            del self._names[path]
        self._hide(index, path, below)
        del self.layers[path]
        folder, _, name = path.rpartition("/")
        self._names[folder].discard(name)

    def _clear(self, index: int, folder: str) -> None:
        todo = [folder]
        while todo:
            top = todo.pop()
            for name in self._names.pop(top, ()):
                path = f"{top}/{name}".lstrip("/")
                below = self.entries.pop(path)
                self._hide(index, path, below)
                del self.layers[path]
                todo += [path] if below.kind == DIRECTORY else []
        self._names[folder] = set()


def stacked(layers: Iterable[Sequence[Entry]]) -> Visible:
    """What *layers*, bottom first, show together."""
    found = Visible()
    for index, entries in enumerate(layers):
        found.add(index, entries)
    return found
