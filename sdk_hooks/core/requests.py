"""Remembers beside an image how it was built, to build it again when its sources change or feeds move on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sdk_hooks.core import disk, locks
from sdk_hooks.core.bom.places import beside

SUFFIX = "-request.json"


@dataclass(frozen=True)
class Request:
    """One call of container-build."""

    options: Mapping[str, Any]
    """Its arguments, paths made absolute."""
    watched: tuple[str, ...]
    """Files and directories that it read: the install tree, or the recipe's sources."""
    base: str = ""
    """The base image, as a path."""
    feeds: Mapping[str, str] = field(default_factory=dict)
    """Digest of the index of each feed, by the feed's line."""
    directory: str = "/"
    """Where it was called: container.yaml may be there."""


def locked(directory: Path, name: str) -> AbstractContextManager[None]:
    """Only one process at a time reads and builds the image *name* of *directory*; a second one waits."""
    return locks.held("requests", directory / name)


def path(layout: Path) -> Path:
    """Where the request of the image in *layout* is: beside it, so that who clears a cache loses none."""
    return beside(layout, SUFFIX)


def save(layout: Path, request: Request) -> None:
    """Remember that *layout* was built by *request*.

    :raises SdkError: When it can't be written.
    """
    place = path(layout)
    with disk.writing(place):
        disk.replace(place, disk.to_json(asdict(request)))


def load(layout: Path) -> Request | None:
    """What *layout* was built by, None when that is not known."""
    try:
        raw = json.loads(path(layout).read_bytes())
        return Request(raw["options"], tuple(raw["watched"]), raw["base"], raw["feeds"], raw["directory"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
