"""The version of this program, as locks and documents about an image name it."""

from __future__ import annotations

from importlib import metadata

NAME = "devtool-containers"


def version() -> str:
    return metadata.version(NAME)
