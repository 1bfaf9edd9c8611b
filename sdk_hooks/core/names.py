"""Names of containers: they become names of directories on targets, so not everything will do."""

from __future__ import annotations

import re

from sdk_hooks.core.spec.model import NAME
from sdk_hooks.errors import UsageError
from sdk_hooks.image import Image


def checked(name: str) -> str:
    """*name*, when a container can have it.

    :raises UsageError: When not.
    """
    if not re.fullmatch(NAME, name):
        raise UsageError(
            f"{name!r} is no name of a container",
            hint="use lower-case letters, digits, and . _ - between them",
        )
    return name


def application(name: str) -> str:
    """*name*, when an application of several containers can have it: a dot parts it from what is its own.

    :raises UsageError: When not.
    """
    if "." in checked(name):
        raise UsageError(
            f"{name!r} has a dot, which an application's name can't have", hint="use a - instead"
        )
    return name


def of_image(image: Image) -> str:
    """What a container of *image* is called when nobody says: `localhost/web:1` gives `web`."""
    return checked(image.name.rpartition(":")[0].rpartition("/")[2])
