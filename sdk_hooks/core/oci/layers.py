"""Makes layers of groups of files, and knows without reading them which layers it made before."""

from __future__ import annotations

import contextlib
import hashlib
import json
import marshal
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sdk_hooks.core import disk
from sdk_hooks.core.files.fileset import Entry, Group, Merged
from sdk_hooks.core.oci import tarstream
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.paths import cache_directory
from sdk_hooks.image import LAYER, Descriptor

LIMIT = 40
"""Layers an image may have: overlayfs and the engines stop at 128, and an image may become a base."""

_STEP = 8
"""Layers of a base that count as one more step: a new base with one layer more does not move the others."""

_RACY = 20_000_000
"""Nanoseconds: a file younger than that may change again without changing its time stamps."""


@dataclass(frozen=True)
class Layer:
    """A layer that lies in the layout."""

    blob: Descriptor
    comment: str
    reused: bool


class Cache:
    """Remembers for one layout which fingerprint of files gave which layer. Losing it costs time only."""

    def __init__(self, target: Path) -> None:
        name = hashlib.sha256(os.fsencode(os.path.abspath(target))).hexdigest()[:32]
        self.path = cache_directory() / "layers" / f"{name}.json"
        self.known: dict[str, list[str | int]] = {}
        with contextlib.suppress(OSError, ValueError, TypeError):  # none yet, or damaged: all is made anew
            self.known = dict(json.loads(self.path.read_bytes()))

    def find(self, fingerprint: str) -> Descriptor | None:
        match self.known.get(fingerprint):
            case [str(digest), int(size)]:
                return Descriptor(LAYER, digest, size)
        return None

    def keep(self, layers: dict[str, Descriptor]) -> None:
        self.known = {key: [blob.digest, blob.size] for key, blob in layers.items()}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            disk.replace(self.path, disk.to_json(self.known))
        except OSError:
            pass  # a read-only home: the next build reads the files again


class Writer:
    """Writes layers into a layout, bottom first, and remembers them when it is done.

    :param merged: What the layers below show; what is written is added to it.
    """

    def __init__(self, target: Layout, merged: Merged, epoch: int) -> None:
        self.target, self.merged, self.epoch = target, merged, epoch
        self.cache = Cache(target.path)
        self.layers: list[Layer] = []
        self._fresh: dict[str, Descriptor] = {}

    def write(self, group: Group) -> None:
        """Write a layer with what *group* adds; none when it has nothing new to show."""
        entries = self.merged.place(group)
        if not entries:
            return
        started = time.time_ns()
        fingerprint = _fingerprint(entries, self.epoch)
        blob = self.cache.find(fingerprint)
        reused = blob is not None and self.target.has(blob)
        if blob is None or not reused:
            blob = self.target.add(tarstream.stream(entries, self.epoch), LAYER)
        if max((e.stamp[3] for e in entries if e.source and e.stamp), default=0) < started - _RACY:
            self._fresh[fingerprint] = blob
        comment = f"{group.name}: {group.comment}" if group.comment else group.name
        self.layers.append(Layer(blob, comment, reused))

    def done(self) -> None:
        self.cache.keep(self._fresh)


def room(below: int) -> int:
    """How many layers may lie on *below* layers of a base."""
    return LIMIT - -(-below // _STEP) * _STEP


def capped(groups: Iterable[Group], limit: int = LIMIT) -> list[Group]:
    """At most *limit* groups: the neighbours that together are smallest become one, the top one stays.

    Sizes count by their order of magnitude, so that an update of one package hardly ever changes which others
    share a layer.
    """
    kept = [group for group in groups if group.entries]
    while len(kept) > max(limit, 1):
        at = min(range(max(len(kept) - 2, 1)), key=lambda i: (kept[i].size + kept[i + 1].size).bit_length())
        low, high = kept[at], kept[at + 1]
        components = [*low.components, *high.components]
        read = [*low.read, *high.read]
        joined = Group(low.name, {**low.entries, **high.entries}, low.comment, components, read)
        kept[at : at + 2] = [joined]
    return kept


def _fingerprint(entries: Sequence[Entry], epoch: int) -> str:
    """Changes when the layer would: version 2 of marshal has no references, so it is a function of values."""
    raw = marshal.dumps([_essence(entry, epoch) for entry in entries], 2)
    return hashlib.sha256(b"2 %d " % epoch + raw).hexdigest()


def _essence(entry: Entry, epoch: int) -> tuple[object, ...]:
    """What the layer says of *entry*; a file's content is known by its stamp.

    A directory's stamp is left out: it changes with every file that is put there.
    """
    return (*entry[:6], min(entry.mtime, epoch), *entry[7:12], entry.stamp if entry.source else ())
