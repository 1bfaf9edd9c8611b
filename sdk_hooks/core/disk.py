"""Writes files so that nobody sees half of one, and says why one can't be written."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sdk_hooks.errors import SdkError


def to_json(value: object) -> bytes:
    """The one serialisation that digests are made of: sorted keys, no white space, UTF-8.

    A byte of a file's name that is none stands as JSON has it: `\\udcff`.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode(errors="backslashreplace")


def replace(path: Path, content: bytes) -> None:
    """Write *content* to *path* so that a reader sees all of the old or all of the new."""
    handle, temporary = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:  # also Ctrl-C
        os.unlink(temporary)
        raise


@contextlib.contextmanager
def writing(place: Path, hint: str = "") -> Iterator[None]:
    """While *place* is written to.

    :param hint: What to do about it, beside making room.
    :raises SdkError: When there is no room, or it may not be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise full(place, hint) from error
        about = f"{error.filename}: " if error.filename not in (None, str(place)) else ""
        detail = f"{about}{error.strerror or error}"
        raise SdkError(f"can't write '{place}'", detail=detail, hint=hint, code="unwritable") from error


def full(place: Path, hint: str = "") -> SdkError:
    """The error for a write to *place* that found no room."""
    how = f"free some, or {hint}" if hint else f"free some: df -h {place}"
    return SdkError(f"no space left to write '{place}'", hint=how, code="no-space")
