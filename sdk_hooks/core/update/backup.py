"""Keeps what an update is about to change; blobs never change, so they are kept as hard links."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from sdk_hooks.core import requests
from sdk_hooks.core.bom import publish, record, signature
from sdk_hooks.core.bom.places import REFERRERS, beside
from sdk_hooks.core.update.built import Built


def places(built: Built) -> list[Path]:
    """What building *built* again writes."""
    layout = built.image.layout
    return [layout, requests.path(layout), *company(layout)]


def company(layout: Path) -> list[Path]:
    """What says something of the image in *layout*, and stands beside it."""
    suffixes = (record.SUFFIX, REFERRERS, signature.SUFFIX, *publish.SUFFIXES)
    return [beside(layout, suffix) for suffix in suffixes]


def keep(paths: Iterable[Path], directory: Path) -> list[tuple[str, str]]:
    """Keep *paths* in *directory*; gives each with where it is kept."""
    directory.mkdir(parents=True, exist_ok=True)
    kept = []
    for number, path in enumerate(paths, len(os.listdir(directory))):
        other = directory / f"{number}-{path.name}"
        if path.is_dir():
            shutil.copytree(path, other, copy_function=_link, symlinks=True)
        elif path.exists():
            shutil.copy2(path, other)
        kept.append((str(path.absolute()), str(other.absolute())))
    return kept


def _link(source: str, target: str) -> None:
    """Link what has its digest for a name, copy what may be written to in place."""
    if os.path.basename(os.path.dirname(source)) == "sha256":
        with contextlib.suppress(OSError):  # a file system without links
            os.link(source, target)
            return
    shutil.copy2(source, target)
