"""The disk that keeps what was deployed when a machine is stopped."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sdk_hooks.core.vm.programs import run

SIZE = 4 << 30
"""Bytes that the machine sees; the file grows as it is used."""


def data_disk(path: Path, size: int = SIZE) -> None:
    """Make an empty ext4 file system of *size* bytes at *path*, unless there is something already.

    Where this machine has no mke2fs the disk stays blank, and the reference target formats it.
    """
    if path.exists():
        return
    fresh = path.with_name(f"{path.name}.new")
    with open(fresh, "wb") as stream:
        stream.truncate(size)
    mke2fs = tool("mke2fs")
    if mke2fs:
        run((mke2fs, "-q", "-t", "ext4", "-F", "-L", "data", str(fresh)), path.parent)
    fresh.rename(path)


def tool(name: str) -> str | None:
    """The path of a program of e2fsprogs, which is not on the PATH of ordinary users."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
