"""Follows the links of an image's directories: a package's lib/x lies in usr/lib/x where lib is a link."""

from __future__ import annotations

from collections.abc import Mapping

from sdk_hooks.core.files.fileset import SYMLINK, Entry

_MOST = 40
"""Links on the way, as the kernel has it."""


class Links:
    """Where paths really are. Directories are looked at once: there are few of them for many files."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.entries = entries
        self._known: dict[str, str] = {"": ""}

    def real(self, path: str) -> str:
        """*path* with the links of its directories followed; it may be a link itself."""
        folder, slash, name = path.rpartition("/")
        if not slash:
            return path
        where = self._known.get(folder)
        if where is None:
            where = self._known[folder] = self._directory(folder, _MOST)
        return f"{where}/{name}" if where else name

    def target(self, path: str) -> str:
        """Where *path* leads to when it is a link, and where that one leads to."""
        return self._directory(path, _MOST)

    def _directory(self, path: str, most: int) -> str:
        done: list[str] = []
        for part in path.split("/"):
            if part == "..":
                done = done[:-1]
            elif part not in ("", "."):
                done.append(part)
                entry = self.entries.get("/".join(done))
                if entry is not None and entry.kind == SYMLINK and most:
                    top = [] if entry.link.startswith("/") else done[:-1]
                    done = self._directory("/".join([*top, entry.link]), most - 1).split("/")
                    done = [each for each in done if each]
        return "/".join(done)
