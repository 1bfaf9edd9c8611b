"""Reads what a machine prints on its serial console."""

from __future__ import annotations

import re
from pathlib import Path

_NOISE = re.compile(r"\x1b[c78]|\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Za-z0-9]|[^\t\n\x20-\x7e\x80-\U0010ffff]")


def text(log: Path) -> str:
    """All that is in *log*, without what only moves a cursor; empty when there is none."""
    try:
        return _NOISE.sub("", log.read_bytes().decode(errors="replace"))
    except OSError:
        return ""


def end(log: Path, lines: int = 10) -> str:
    """The last *lines* lines of *log*, for an error's detail."""
    said = [line.rstrip() for line in text(log).splitlines() if line.strip()]
    if not said:
        return f"its console, '{log}', is empty"
    return "\n".join([f"the end of its console, '{log}':", *said[-lines:]])
