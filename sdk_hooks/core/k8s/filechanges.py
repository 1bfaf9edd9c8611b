"""Changes several files of a directory so that all of them change, or none."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable
from pathlib import Path

from sdk_hooks.core import disk


def write(directory: Path, changes: Iterable[tuple[str, bytes | None]], private: Collection[str]) -> None:
    """Let *directory*, which is made when it is not there, have *changes*.

    :param changes: Content by path, in their order; None removes the file.
    :param private: Paths that only their owner may read.
    :raises SdkError: When that can't be done. Then, and at Ctrl-C, all is as it was.
    """
    listed = [(directory / path, content, path in private) for path, content in changes]
    with disk.writing(directory), contextlib.ExitStack() as undo:
        _folders([directory, *(path.parent for path, content, _ in listed if content is not None)], undo)
        staging = Path(tempfile.mkdtemp(prefix=".new-", dir=directory))
        undo.callback(shutil.rmtree, staging, ignore_errors=True)
        fresh = [_stage(staging / f"new-{n}", *each[1:]) for n, each in enumerate(listed)]
        for number, (path, _, _) in enumerate(listed):
            _exchange(path, fresh[number], staging / f"old-{number}", undo)
        undo.pop_all()
        shutil.rmtree(staging, ignore_errors=True)


def _folders(wanted: Iterable[Path], undo: contextlib.ExitStack) -> None:
    for path in wanted:
        missing = [each for each in (path, *path.parents) if not each.exists()]
        for each in reversed(missing):
            each.mkdir()
            undo.callback(_unmake, each)


def _unmake(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.rmdir()


def _stage(path: Path, content: bytes | None, private: bool) -> Path | None:
    if content is None:
        return None
    path.touch(0o600)
    path.write_bytes(content)
    path.chmod(0o600 if private else 0o644)
    return path


def _exchange(path: Path, fresh: Path | None, old: Path, undo: contextlib.ExitStack) -> None:
    """Put *fresh* where *path* is; *old* is for what was there."""
    if path.exists():
        shutil.copy2(path, old)
        undo.callback(os.replace, old, path)
    else:
        undo.callback(path.unlink, missing_ok=True)
    if fresh is not None:
        os.replace(fresh, path)
    else:
        path.unlink(missing_ok=True)
