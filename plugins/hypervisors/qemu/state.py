"""What is remembered of a machine from one command to the next."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

_NAME = "state.json"


@dataclass
class State:
    """Of a machine that runs, or ran last."""

    port: int = 0
    """Of this machine's loopback address, where its ssh server answers."""
    booted: str = ""
    """The identity of what was booted."""
    accelerator: str = ""
    forwards: dict[int, int] = field(default_factory=dict)
    """By port of the guest, port of this machine."""

    def write(self, directory: Path) -> None:
        fresh = directory / f"{_NAME}.new"
        fresh.write_text(json.dumps(asdict(self), indent=2) + "\n")
        fresh.replace(directory / _NAME)


def read(directory: Path) -> State:
    """The state that was written to *directory*; a blank one when none was, or it is damaged."""
    try:
        raw = json.loads((directory / _NAME).read_text())
        forwards = {int(guest): int(ours) for guest, ours in raw["forwards"].items()}
        return State(int(raw["port"]), str(raw["booted"]), str(raw["accelerator"]), forwards)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return State()
