"""Looks at a directory as if it were the root of a file system, like chroot, without being root."""

from __future__ import annotations

import errno
import glob
import os
import stat
from functools import lru_cache

from sdk_hooks.errors import SdkError


class Root:
    """A directory whose absolute symbolic links mean the directory itself.

    Paths are absolute as seen inside, with one leading slash.
    """

    def __init__(self, directory: str, hint: str = "") -> None:
        """
        :param hint: What to type where *directory* is none.
        """
        self.directory = os.path.realpath(directory)
        if not os.path.isdir(self.directory):
            raise SdkError(f"{directory!r} is not a directory", hint=hint, code="no-directory")
        self._lstat = lru_cache(maxsize=None)(self._uncached_lstat)

    def host(self, path: str) -> str:
        """Where *path* lies on this machine, its last link not followed."""
        return self.directory + path if self.directory != "/" else path

    def lstat(self, path: str) -> os.stat_result | None:
        """Status of *path*, whose parents must be resolved; None when there is nothing."""
        return self._lstat(path)

    def _uncached_lstat(self, path: str) -> os.stat_result | None:
        try:
            return os.lstat(self.host(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ValueError:  # a NUL byte in it: damaged files name anything
            return None
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return None
            what = f"can't read {self.host(path)!r}"
            raise SdkError(what, detail=error.strerror or "", code="unreadable") from error

    def trail(self, path: str) -> list[str]:
        """Every path that looking *path* up goes through: its links in order, then what is really there.

        Empty when there is nothing there. Each is without links in its parents.
        """
        links: list[str] = []
        done, todo = "", [part for part in path.split("/") if part]
        while todo:
            part = todo.pop(0)
            if part in (".", ""):
                continue
            if part == "..":
                done = done.rpartition("/")[0]
                continue
            here = f"{done}/{part}"
            status = self.lstat(here)
            if status is None:
                return []
            if stat.S_ISLNK(status.st_mode):
                if len(links) > 40:  # as the kernel: a loop
                    return []
                links.append(here)
                link = os.readlink(self.host(here))
                todo = [p for p in link.split("/") if p] + todo
                done = "" if link.startswith("/") else done
                continue
            done = here
        return [*dict.fromkeys(links), done or "/"]

    def resolve(self, path: str) -> str:
        """What *path* really is, without links; empty when there is nothing."""
        trail = self.trail(path)
        return trail[-1] if trail else ""

    def is_file(self, path: str) -> bool:
        status = self.lstat(self.resolve(path) or "/")
        return status is not None and stat.S_ISREG(status.st_mode)

    def read_text(self, path: str) -> str:
        """Text of the file that *path* leads to, empty when there is none."""
        real = self.resolve(path)
        if not real or not self.is_file(real):
            return ""
        with open(self.host(real), encoding="utf-8", errors="replace") as stream:
            return stream.read()

    def glob(self, pattern: str) -> list[str]:
        """What matches *pattern* inside, sorted; a path without `*`, `?` and `[` matches itself."""
        plain, rest = _split(os.path.normpath(pattern))
        real = self.resolve(plain)
        if not real or not rest:
            return [plain] if real else []
        found = glob.glob(rest, root_dir=self.host(real), recursive=True)
        return sorted(f"{plain.rstrip('/')}/{name.rstrip('/')}" for name in found if name)


def _split(pattern: str) -> tuple[str, str]:
    """The part of *pattern* that is a plain path, and the part that is not."""
    parts = pattern.split("/")
    at = next((index for index, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    return "/".join(parts[:at]) or "/", "/".join(parts[at:])
