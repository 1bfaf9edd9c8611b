"""A program that an OCI runtime calls at a stage of a container's life."""

from __future__ import annotations

from dataclasses import dataclass

from sdk_hooks.target import Argv


@dataclass(frozen=True)
class Hook:
    """A program of the target that the runtime calls, as the runtime-spec has it."""

    stage: str
    """prestart, createRuntime, createContainer, startContainer, poststart, poststop."""
    path: str
    """On the target; with startContainer in the container."""
    args: Argv = ()
    """The first is what the program is called."""
    env: Argv = ()
    """KEY=VALUE each."""
    timeout: int = 0
    """Seconds; 0 for no limit."""
