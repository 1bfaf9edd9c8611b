"""One command of a script: what commands are given, and what they give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING

from sdk_hooks.core.scripts.expansion import NotUnderstoodError
from sdk_hooks.core.scripts.root import Root

if TYPE_CHECKING:
    from sdk_hooks.core.scripts.shell import Shell


@dataclass
class Call:
    """A command that a script calls: its words, and what it reads and prints."""

    shell: Shell
    name: str
    words: list[str]
    stdin: StringIO = field(default_factory=StringIO)
    stdout: str = ""

    @property
    def root(self) -> Root:
        return self.shell.root

    def more(self) -> bool:
        """Whether there is something to read."""
        at = self.stdin.tell()
        found = self.stdin.read(1)
        self.stdin.seek(at)
        return bool(found)

    def content(self, path: str) -> str:
        """Of a file, empty when there is none."""
        return (self.root.content(path) or b"").decode(errors="replace")

    def unknown(self, why: str = "") -> NotUnderstoodError:
        """That it can't be followed."""
        line = " ".join([self.name, *self.words])
        return NotUnderstoodError(f"{line!r}{f': {why}' if why else ''}")


Command = Callable[[Call], int]
"""Gives the exit status."""
