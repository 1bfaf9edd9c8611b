"""Remembers how an image was built, so that it can be built again when its sources change."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sdk_hooks.core.oci import layout
from sdk_hooks.core.oci.layers import cache_directory


@dataclass(frozen=True)
class Request:
    """One call of container-build."""

    options: Mapping[str, Any]
    """Its arguments, paths made absolute."""
    watched: tuple[str, ...]
    """Files and directories that it read: the install tree, or the recipe's sources."""


def save(target: Path, request: Request) -> None:
    """Remember that the layout *target* was built by *request*."""
    path = _path(target)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        layout.replace(path, layout.to_json(asdict(request)))
    except OSError:
        pass  # a read-only home: --watch will say that it does not know


def load(target: Path) -> Request | None:
    """What the layout *target* was built by, None when that is not known."""
    try:
        raw = json.loads(_path(target).read_bytes())
        return Request(raw["options"], tuple(raw["watched"]))
    except (OSError, ValueError, KeyError):
        return None


def _path(target: Path) -> Path:
    name = hashlib.sha256(os.fsencode(os.path.abspath(target))).hexdigest()[:32]
    return cache_directory() / "requests" / f"{name}.json"
