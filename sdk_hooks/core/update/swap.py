"""Exchanges two files or directories so that one of them is always there, and knows whether it was done."""

from __future__ import annotations

import ctypes
import errno
import os
from dataclasses import dataclass
from pathlib import Path

_AT_FDCWD = -100
_EXCHANGE = 2
"""RENAME_EXCHANGE of renameat2(2)."""
_UNABLE = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)
"""File systems such as NFS can't, and kernels before 3.15."""


@dataclass(frozen=True)
class Pair:
    """A place, and what is to be there; afterwards that has what was there before."""

    live: str
    other: str
    wanted: str
    """Identity of the one that is to be at *live*; empty when nothing is to be there."""

    def done(self) -> bool:
        return identity(self.live) == self.wanted


def pair(live: Path, other: Path) -> Pair:
    """The exchange of *live* with *other*; one of them may not exist."""
    return Pair(str(live), str(other), identity(str(other)))


def identity(path: str) -> str:
    """Stays with a file or directory when that is renamed; empty when there is none."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return ""
    return f"{status.st_dev}:{status.st_ino}"


def swap(wanted: Pair) -> None:
    """Do what *wanted* says, unless that is done already."""
    if wanted.done():
        _tidy(wanted)
        return
    if wanted.wanted and identity(wanted.live):
        _exchange(wanted)
    elif wanted.wanted:  # the middle of an exchange in three steps, or nothing was there
        os.rename(wanted.other, wanted.live)
        _tidy(wanted)
    else:
        os.rename(wanted.live, wanted.other)


def _exchange(wanted: Pair) -> None:
    if not _atomic(wanted.live, wanted.other):
        os.rename(wanted.live, _middle(wanted))
        os.rename(wanted.other, wanted.live)
        _tidy(wanted)


def _middle(wanted: Pair) -> str:
    return f"{wanted.other}.old"


def _tidy(wanted: Pair) -> None:
    """The last of three steps."""
    if identity(_middle(wanted)):
        os.rename(_middle(wanted), wanted.other)


def _atomic(one: str, other: str) -> bool:
    """Exchange both in one step; False when that can't be done here."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)  # glibc from 2.28
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNABLE:
        return False
    raise OSError(code, os.strerror(code), one)
