"""Says that a disk is full in the project's own words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sdk_hooks.errors import SdkError


def full(directory: Path) -> SdkError:
    """The error for a write to *directory* that found no room."""
    return SdkError(
        f"no space left to write '{directory}'", hint=f"free some: df -h {directory}", code="no-space"
    )


@contextmanager
def writing(directory: Path) -> Iterator[None]:
    """While *directory* is written to.

    :raises SdkError: When there is no room, or this user may not write there.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise full(directory) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            detail = f"{error.filename or directory}: {error.strerror}"
            raise SdkError(f"can't write '{directory}'", detail=detail, code="unwritable") from error
        raise
