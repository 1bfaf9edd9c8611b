"""Which revision git has of a directory, and whether something there was changed since."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_LOCK = "container.lock"
"""Does not count: who commits a lock makes a new revision, which the lock has to be good for."""


@dataclass(frozen=True)
class Revision:
    """The state of a directory that git knows."""

    commit: str
    tree: str
    """`sha256:` of names, modes and contents of what git has below it; the same in another clone."""
    dirty: bool = False
    """Whether what git has was changed and not committed; files that git has not don't count."""
    name: str = ""
    """Of a layer."""


def of(directory: Path, name: str = "", lock: str = _LOCK) -> Revision | None:
    """The revision of *directory*; None where git has none of it, or is not installed.

    :param lock: What locks there are called; they don't count.
    """
    commit = _git(directory, "rev-parse", "--verify", "--quiet", "HEAD")
    listed = _git(directory, "ls-tree", "-r", "-z", "HEAD") if commit else None
    files = [line for line in (listed or b"").split(b"\0") if line and not _is_named(lock, line)]
    if not commit or not files:
        return None
    digest = hashlib.sha256(b"\0".join(sorted(files))).hexdigest()
    return Revision(commit.decode().strip(), f"sha256:{digest}", _dirty(directory, lock), name)


def _is_named(name: str, line: bytes) -> bool:
    return os.path.basename(line.partition(b"\t")[2]) == os.fsencode(name)


def _dirty(directory: Path, lock: str) -> bool:
    paths = (".", f":(exclude,glob)**/{lock}")
    return bool(_git(directory, "status", "--porcelain", "-z", "--untracked-files=no", "--", *paths))


def _git(directory: Path, *arguments: str) -> bytes | None:
    """What git prints; None when it fails."""
    # somebody else's directory may be read: nothing of its configuration is run by these commands
    safe = ("-c", "safe.directory=*", "-c", "core.fsmonitor=false")
    argv = ("git", *safe, "--no-optional-locks", "-C", str(directory), *arguments)
    try:
        done = subprocess.run(argv, capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None
