"""Unpacks layers on top of each other, as overlayfs would show them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from sdk_hooks.core.files.fileset import parents
from sdk_hooks.errors import SdkError


def layer(blob: Path, root: Path) -> None:
    """Unpack the uncompressed layer *blob* into *root*, on top of what the layers below it left there.

    :raises SdkError: When it can't be done.
    """
    _make_way(blob, root)
    owner = (
        ("--numeric-owner", "--same-owner") if os.geteuid() == 0 else ("--no-same-owner", "--exclude=dev/*")
    )
    argv = ("tar", "-xpf", str(blob), "-C", str(root), "--exclude=.wh.*", *owner)
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SdkError("can't unpack the image", detail=done.stderr.strip()[-500:], code="unpack-failed")


def _make_way(blob: Path, root: Path) -> None:
    """Remove from *root* what the layer deletes, and what it has directories for: tar would follow a link."""
    names = _names(blob)
    if any(".." in name.split("/") for name in names):
        raise SdkError("a layer of the image leads out of it", detail=str(blob), code="unpack-failed")
    for folder in sorted({folder for name in names for folder in parents(name)}):
        if (root / folder).is_symlink() or (root / folder).is_file():
            (root / folder).unlink()
    for name in sorted(names):
        if os.path.basename(name).startswith(".wh."):
            _remove(root, name)


def _names(blob: Path) -> set[str]:
    """The paths that the layer speaks of, directories with a slash, and what its hard links point to."""
    names = set()
    with tarfile.open(blob, "r:") as archive:
        for member in archive:
            names.add(_clean(member.name) + "/" * member.isdir())
            if member.islnk():
                names.add(_clean(member.linkname))
    return names


def _clean(name: str) -> str:
    return os.path.normpath(name.lstrip("/"))


def _remove(root: Path, whiteout: str) -> None:
    folder, name = os.path.split(whiteout)
    place = root / folder
    victims = list(place.iterdir()) if name == ".wh..wh..opq" and place.is_dir() else [place / name[4:]]
    for victim in victims:
        if victim.is_dir() and not victim.is_symlink():
            shutil.rmtree(victim)
        else:
            victim.unlink(missing_ok=True)
