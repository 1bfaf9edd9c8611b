"""Which paths of packages are left out."""

from __future__ import annotations

from collections.abc import Iterable

from sdk_hooks.core.files.compose import glob
from sdk_hooks.core.files.fileset import DIRECTORY, HARDLINK, Entry, parents


class Paths:
    """What globs leave of a package.

    :param exclude: Globs, `**` crosses directories; with `!` of what stays. The last that matches counts.
    """

    def __init__(self, exclude: Iterable[str]) -> None:
        self.exclude = tuple(exclude)
        self._rules = [(glob(text.removeprefix("!")), text.startswith("!")) for text in self.exclude]

    def has(self, path: str) -> bool:
        """Whether a file at *path* stays; without a slash in front."""
        stays = True
        for pattern, keeps in self._rules:
            if pattern.fullmatch(path):
                stays = keeps
        return stays

    def of(self, entries: Iterable[Entry]) -> list[Entry]:
        """Those of *entries* that stay: with a file its directories, with a hard link what it links to."""
        entries = list(entries)
        if not self._rules:
            return entries
        files = {entry.path for entry in entries if entry.kind != DIRECTORY and self.has(entry.path)}
        files |= {entry.link for entry in entries if entry.kind == HARDLINK and entry.path in files}
        folders = {parent for path in files for parent in parents(path)}
        return [e for e in entries if e.path in (folders if e.kind == DIRECTORY else files) or self._stays(e)]

    def _stays(self, entry: Entry) -> bool:
        return entry.kind == DIRECTORY and self.has(f"{entry.path}/") and self.has(f"{entry.path}/x")
