"""What is tested: a container that runs, here or on a target."""

from __future__ import annotations

import socket
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from sdk_hooks.target import Argv


@dataclass(frozen=True)
class Done:
    """How a command in the container ended."""

    status: int
    output: str
    error: str


class Subject(Protocol):
    """A container that runs."""

    @property
    def target(self) -> str:
        """Where it runs: `local`, or the target as the user wrote it."""

    @property
    def digest(self) -> str:
        """Of its image's manifest."""

    @property
    def stack(self) -> str:
        """What runs it."""

    def exec(self, command: Argv, seconds: float) -> Done | None:
        """Run *command* in it; None when it has not ended after so many seconds."""

    def connect(self, port: int, seconds: float) -> AbstractContextManager[socket.socket]:
        """A connection to *port* of the machine that it runs on, where reading waits for so many seconds.

        :raises OSError: With why there is none, also later when that shows only in use.
        """

    def log(self) -> str:
        """What it has printed, the last of it where it was much."""

    def over(self) -> str:
        """How it ended; empty while it runs, or is started again by itself."""
