"""What speaks against an update, found out before anything is changed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from sdk_hooks.core.ui import human
from sdk_hooks.core.update.layers import Layers
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image

_SPARE = 50_000_000
"""Bytes beside what is needed: BitBake and others write meanwhile."""


def layers(found: Iterable[Layers]) -> None:
    """Refuse layers with changes, which devtool's own update would refuse too, or lose.

    :raises SdkError: Naming the files.
    """
    for each in found:
        if each.dirty:
            raise SdkError(
                f"'{each.path}' has changes that an update would lose",
                detail="\n".join(each.dirty[:20]),
                hint=f"keep them: git -C {each.path} stash; work on recipes in the workspace: devtool modify",
                code="dirty-layers",
            )


def space(needs: Sequence[tuple[Path, int]]) -> None:
    """Refuse when a file system has no room for what is to be written to it.

    :param needs: Directories, and how many bytes are to be written there.
    :raises SdkError: Naming the first that has no room.
    """
    by_device: dict[int, tuple[Path, int]] = {}
    for place, size in needs:
        there = next(each for each in (place, *place.parents) if each.exists())
        device = os.stat(there).st_dev
        first, before = by_device.get(device, (there, 0))
        by_device[device] = (first, before + size)
    for place, size in by_device.values():
        status = os.statvfs(place)
        free = status.f_bavail * status.f_frsize
        if size and free < size + _SPARE:
            raise SdkError(
                f"there is no room for the update at '{place}'",
                detail=f"it takes up to {human(size + _SPARE)}, {human(free)} are free",
                hint=f"free some: df -h {place}",
                code="no-space",
            )


def size(images: Iterable[Image]) -> int:
    """Bytes that building *images* again takes at most: what they have now stays until it is replaced."""
    return sum(layer.size for image in images for layer in image.layers)
