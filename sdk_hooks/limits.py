"""What a container may use at most."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Resources:
    """Limits; 0 means none."""

    memory: int = 0
    """Bytes."""
    cpus: float = 0.0
    pids: int = 0


@dataclass(frozen=True)
class Ulimit:
    """A limit of each process of the container, as setrlimit has it; -1 means none."""

    name: str
    """Lower case and without RLIMIT_: nofile, nproc, core, ..."""
    soft: int
    hard: int

    def __str__(self) -> str:
        return f"{self.name}={self.soft}:{self.hard}"
