"""A directory of a container that is in the target's memory."""

from __future__ import annotations

from dataclasses import dataclass

STICKY = 0o1777
"""As /tmp is: everybody may write, and remove what is their own."""


@dataclass(frozen=True)
class Tmpfs:
    """A file system in memory, empty at each start."""

    target: str
    size: int = 0
    """Bytes; 0 for half of the target's memory, as the kernel has it."""
    mode: int = STICKY
    """Permission bits."""

    @property
    def options(self) -> tuple[str, ...]:
        """Those of mount(8): those that docker sets, and what was asked for."""
        size = (f"size={self.size}",) if self.size else ()
        return ("nosuid", "nodev", "noexec", f"mode={self.mode:o}", *size)

    def options_for(self, user: tuple[int, int]) -> tuple[str, ...]:
        """With an owner: runc before 1.2 forgets the mode where the image has that directory.

        :param user: Of the container, and its group.
        """
        return self.options if user == (0, 0) else (*self.options, f"uid={user[0]}", f"gid={user[1]}")

    def __str__(self) -> str:
        return f"{self.target}:{','.join(self.options)}"
