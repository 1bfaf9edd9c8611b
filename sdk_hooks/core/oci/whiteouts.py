"""Layers for targets without an engine: what a layer deletes, as overlayfs has it.

A layer of a base image may delete files of layers below it, with files named `.wh.NAME` (image-spec,
layer.md). overlayfs wants a character device 0/0 called NAME instead.
"""

from __future__ import annotations

import mmap
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from sdk_hooks.core.files.fileset import CHARACTER, Entry
from sdk_hooks.core.oci import tarstream
from sdk_hooks.image import Image

_OPAQUE = ".wh..wh..opq"
_PIECE = 1 << 20


def stream(image: Image, index: int) -> Iterator[bytes]:
    """Layer *index* of *image* as a tar that can be unpacked into a directory for overlayfs."""
    path = image.blob(image.layers[index])
    return _converted(image, index) if has_any(path) else plain(path)


def has_any(layer: Path) -> bool:
    """Whether a name in *layer* may be a whiteout; a quick look at the bytes, wrong at times about yes."""
    with layer.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(b".wh.") >= 0


def plain(path: Path) -> Iterator[bytes]:
    """The layer at *path* as it is."""
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _converted(image: Image, index: int) -> Iterator[bytes]:
    path = image.blob(image.layers[index])
    with tarfile.open(path, "r:") as archive, path.open("rb") as raw:
        members = archive.getmembers()
        own = {os.path.normpath(member.name) for member in members}
        ends = [member.offset for member in members[1:]] + [archive.offset]
        for member, end in zip(members, ends, strict=True):
            folder, name = os.path.split(os.path.normpath(member.name))
            if name == _OPAQUE:
                yield from map(_whiteout, sorted(_children(image, index, folder) - own))
            elif name.startswith(".wh."):
                yield _whiteout(os.path.join(folder, name[4:]))
            else:
                raw.seek(member.offset)
                yield from _exactly(raw, end - member.offset)
    yield bytes(1024)


def _whiteout(path: str) -> bytes:
    return tarstream.header(Entry(path, CHARACTER, 0), 0)


def _children(image: Image, index: int, folder: str) -> set[str]:
    """What the layers below *index* have directly in *folder*."""
    found = set()
    for layer in image.layers[:index]:
        with tarfile.open(image.blob(layer), "r:") as archive:
            found |= {os.path.normpath(member.name) for member in archive}
    return {
        path
        for path in found
        if os.path.dirname(path) == folder and not os.path.basename(path).startswith(".wh.")
    }


def _exactly(raw: IO[bytes], count: int) -> Iterator[bytes]:
    while count:
        piece = raw.read(min(_PIECE, count))
        count -= len(piece)
        yield piece
