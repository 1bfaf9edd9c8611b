"""The update server of the last time."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from sdk_hooks.core import disk


@dataclass(frozen=True)
class Remembered:
    """Where updates come from, and why that is trusted."""

    url: str = ""
    key: str = ""
    """File with public keys."""
    trusted: bool = False

    def over(self, other: Remembered) -> Remembered:
        """This one, and *other* where this one says nothing; a key of another server does not count."""
        if self.url not in ("", other.url):
            return self
        return Remembered(self.url or other.url, self.key or other.key, self.trusted or other.trusted)


def load(directory: Path) -> Remembered:
    """What was remembered in *directory*; empty when nothing was, or nobody can read it."""
    try:
        raw = json.loads((directory / "server.json").read_bytes())
        return Remembered(raw["url"], raw["key"], raw["trusted"])
    except (OSError, ValueError, KeyError, TypeError):
        return Remembered()


def save(directory: Path, server: Remembered) -> None:
    """Remember *server* in *directory*, which exists.

    :raises SdkError: When it can't be written.
    """
    place = directory / "server.json"
    with disk.writing(place):
        disk.replace(place, disk.to_json(asdict(server)))
