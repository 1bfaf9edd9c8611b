"""Directories of the user (XDG base directory specification)."""

from __future__ import annotations

import os
from pathlib import Path

from sdk_hooks.errors import SdkError


def cache_directory() -> Path:
    """Where things are kept that can be made again.

    :raises SdkError: When the user has no home.
    """
    return _directory("XDG_CACHE_HOME", ".cache")


def data_directory() -> Path:
    """Where things are kept that the user has made.

    :raises SdkError: When the user has no home.
    """
    return _directory("XDG_DATA_HOME", ".local/share")


def _directory(variable: str, default: str) -> Path:
    base = os.environ.get(variable) or os.path.join(os.path.expanduser("~"), default)
    if base.startswith("~"):  # no HOME, and nothing in /etc/passwd
        raise SdkError("this user has no home directory", hint=f"set HOME, or {variable}", code="no-home")
    return Path(base) / "devtool-containers"
