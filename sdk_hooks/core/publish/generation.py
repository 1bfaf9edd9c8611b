"""Generations of a published directory: each is complete, and a symbolic link says which one counts."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sdk_hooks.core import disk
from sdk_hooks.core.publish.contents import CURRENT, GENERATIONS
from sdk_hooks.errors import SdkError

_OWN = ".files.json"
"""Lists the files of a generation that are its own, and not kept for clients of the one before."""
_NEW = ".new-"


class Place:
    """The directory that is served."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.generations = top / GENERATIONS

    @property
    def current(self) -> Path | None:
        """The generation that counts; None before the first one."""
        link = self.top / CURRENT
        return self.top / os.readlink(link) if link.is_symlink() and link.exists() else None

    @contextlib.contextmanager
    def making(self) -> Iterator[Path]:
        """An empty directory to make the next generation in; it is gone afterwards unless it was switched to.

        :raises SdkError: When it can't be written, or somebody else publishes there.
        """
        with disk.writing(self.top):
            self.generations.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.top / ".lock", os.O_CREAT | os.O_RDWR, 0o644)
        try:
            _lock(handle, self.top)
            for left in self.generations.glob(f"{_NEW}*"):  # of a publisher that was killed
                shutil.rmtree(left)
            with disk.writing(self.top):
                made = Path(tempfile.mkdtemp(prefix=_NEW, dir=self.generations))
                try:
                    yield made
                finally:
                    shutil.rmtree(made, ignore_errors=True)
        finally:
            os.close(handle)

    def switch(self, made: Path, identity: str) -> bool:
        """Let *made* be the generation *identity*, and the one that counts; False when it was already.

        Files that the generation before has for itself stay beside the new ones: who has read the old index
        finds what it names.
        """
        before = self.current
        if before is not None and before.name == identity:
            return False
        own = [str(path.relative_to(made)) for path in sorted(made.rglob("*")) if path.is_file()]
        (made / _OWN).write_bytes(disk.to_json(own))
        if before is not None:
            _keep(before, made)
        _readable(made)
        final = self.generations / identity
        shutil.rmtree(final, ignore_errors=True)  # the one before the last, come back
        os.rename(made, final)
        link = self.generations / f"{_NEW}link"
        link.unlink(missing_ok=True)
        link.symlink_to(f"{GENERATIONS}/{identity}")
        os.replace(link, self.top / CURRENT)
        for old in self.generations.iterdir():
            if old not in (final, before and self.generations / before.name):
                shutil.rmtree(old)
        return True


def _lock(handle: int, top: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SdkError(f"somebody else publishes to '{top}'", hint="try again", code="busy") from None


def _keep(before: Path, made: Path) -> None:
    """Link the files with hashes in their names of the generation *before* into *made*."""
    for name in json.loads((before / _OWN).read_bytes()):
        target = made / name
        hashed = any(part in ("pool", "by-hash", "repodata", "blobs") for part in name.split("/"))
        if hashed and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            link(before / name, target)


def link_or_copy(source: Path, target: Path, same: Path | None) -> None:
    """Let *target* have the content of *source*; *same* may be there, and has the same hash in its name."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if same is not None and same.is_file():
        link(same, target)
    else:
        shutil.copyfile(source, target)


def link(source: Path, target: Path) -> None:
    """Let *target* have the content of *source*, which nobody writes to any more."""
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)


def _readable(top: Path) -> None:
    """Let web servers read everything, whatever the umask was."""
    for directory, _, names in os.walk(top):
        os.chmod(directory, 0o755)  # noqa: S103  that is the purpose
        for name in names:
            path = os.path.join(directory, name)
            if not os.path.islink(path) and os.stat(path).st_mode & 0o444 != 0o444:
                os.chmod(path, 0o644)
