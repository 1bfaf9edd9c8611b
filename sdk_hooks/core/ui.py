"""Speaks to the person: the story on stderr, the answer on stdout."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from typing import TextIO


class Ui:
    """Progress and warnings on stderr; live only on a terminal, and coloured only where that is wanted."""

    def __init__(self, stream: TextIO | None = None, quiet: bool = False) -> None:
        self.stream = stream if stream is not None else sys.stderr
        self.quiet = quiet
        self.live = self.stream.isatty() and os.environ.get("TERM") != "dumb"
        self.colour = self.live and not os.environ.get("NO_COLOR")

    def step(self, text: str) -> None:
        if not self.quiet:
            self._line(text)

    def warning(self, text: str) -> None:
        self._line(f"{self._paint('33', 'warning:')} {text}")

    def error(self, text: str) -> None:
        self._line(f"{self._paint('31', 'error:')} {text}")

    def bytes(self, stream: Iterator[bytes], total: int, label: str) -> Iterator[bytes]:
        """Pass *stream* on; on a terminal with a live line, elsewhere with one line at the end."""
        done, started, shown = 0, time.monotonic(), 0.0
        of = f" of {human(total)}" if total else ""
        for piece in stream:
            yield piece
            done += len(piece)
            now = time.monotonic()
            if self.live and not self.quiet and now - shown > 0.1:
                shown = now
                self._replace(f"{label}: {human(done)}{of}, {_rate(done, now - started)}")
        if self.live and not self.quiet:
            self._replace("")
        self.step(f"{label}: {human(done)}, {_rate(done, time.monotonic() - started)}")

    def _replace(self, text: str) -> None:
        self.stream.write(f"\r\x1b[K{text}")
        self.stream.flush()

    def _line(self, text: str) -> None:
        try:
            self.stream.write(text + "\n")
            self.stream.flush()
        except BrokenPipeError:  # whoever read the story has left; the work goes on
            pass

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text


def human(count: float) -> str:
    """*count* bytes in the largest unit that leaves a number of at least 1."""
    for unit in ("B", "KB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.2f} GB"


def _rate(done: int, seconds: float) -> str:
    return f"{human(done / seconds)}/s" if seconds > 0.001 else "at once"


def table(rows: list[tuple[str, ...]]) -> str:
    """*rows* with their columns aligned; the first is the heading."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
