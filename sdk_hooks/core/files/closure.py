"""Finds everything that the programs of an install tree need at run time, in a sysroot."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sdk_hooks.core.files import elf, linker
from sdk_hooks.core.files.elf import Elf
from sdk_hooks.core.files.root import Root
from sdk_hooks.errors import SdkError

PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")

# An interpreter without its library starts and fails at the first import.
_LIBRARIES = {
    r"python(\d\.\d+)$": (r"{prefix}/lib/python{0}",),
    r"perl(5\.\d+)?[\d.]*$": (
        "/usr/lib/*/perl-base",
        "/usr/lib/perl5",
        "/usr/lib/*/perl/5*",
        "/usr/share/perl/5*",
    ),
}
# What is there belongs to the kernel, or to one run of the machine: a link to it is for the container's own.
_RUNTIME = re.compile(r"/(dev|proc|sys|tmp|run|var/run|var/lock|var/tmp)(/|$)")

Todo = tuple[str, Root, tuple[str, ...]]
"""A file still to look at, where it is, and the search path that it inherits from what loads it."""


@dataclass
class Closure:
    """What to take from the sysroot: paths as seen inside it, parents without links."""

    paths: set[str] = field(default_factory=set)
    extra_links: dict[str, str] = field(default_factory=dict)
    """Links to make so that the dynamic linker finds, without a cache, what ld.so.conf named."""
    abi_of: str = ""
    elf: Elf | None = None
    """The first program or library of the tree: the image's architecture."""


@dataclass
class Missing:
    """One thing that is nowhere to be found."""

    name: str
    wanted_by: str
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}, which {self.wanted_by!r} needs"


class Resolver:
    """Resolves the needs of a tree in a sysroot; the tree itself is looked at first.

    :param tree: The application.
    :param sysroot: Where what it lacks is taken from.
    :param directories: More directories with libraries, as LD_LIBRARY_PATH of the container.
    """

    def __init__(self, tree: Root, sysroot: Root, directories: Iterable[str] = ()) -> None:
        self.tree, self.sysroot = tree, sysroot
        self.directories = tuple(directories)
        self.result = Closure()
        self.missing: list[Missing] = []
        self._seen: set[str] = set()
        self._system: tuple[str, ...] | None = None
        self._configured: tuple[str, ...] | None = None

    def program(self, path: str, origin: Root) -> None:
        """Resolve what the regular file at *path* in *origin* needs, and so on, until nothing is left."""
        todo: list[Todo] = [(path, origin, ())]
        while todo:
            here, root, rpath = todo.pop()
            if root.host(here) in self._seen:
                continue
            self._seen.add(root.host(here))
            todo += self._needs(here, root, rpath)

    def link(self, path: str) -> None:
        """Bring what the link at *path* of the tree points to, when only the sysroot has it."""
        if self.tree.resolve(path):
            return
        target = os.readlink(self.tree.host(path))
        target = os.path.normpath(os.path.join(os.path.dirname(path), target))
        real = self.sysroot.resolve(target)
        if real and not _RUNTIME.match(target) and not _RUNTIME.match(real):
            self._take_tree(target)

    def include(self, wanted: str, optional: bool = False) -> None:
        """Bring a library by its name, or a path (which may be a glob, and may be a directory)."""
        if "/" not in wanted:
            for real, root in self._library(wanted, "include", self.result.elf, "/", ()):
                self.program(real, root)
            return
        paths = self.sysroot.glob(wanted)
        if not paths and not optional and not self.tree.glob(wanted):
            self.missing.append(Missing(wanted, "include", "file"))
        for path in paths:
            self._take_tree(path)

    def finish(self) -> Closure:
        """The closure.

        :raises SdkError: With everything that is missing at once.
        """
        if not self.missing:
            return self.result
        lines = sorted({str(missing) for missing in self.missing})
        raise SdkError(
            f"{len(lines)} run-time {'dependency is' if len(lines) == 1 else 'dependencies are'} missing",
            detail="\n".join([*lines, f"looked in {self.tree.directory!r} and {self.sysroot.directory!r}"]),
            hint="add them to the install tree, or name the right sysroot with --sysroot",
            code="missing-dependency",
        )

    def _needs(self, path: str, root: Root, rpath: tuple[str, ...]) -> list[Todo]:
        found = elf.read(root.host(path))
        if found is None:
            return self._script(path, root)
        self._check_abi(path, root, found)
        own = () if found.runpath else tuple(linker.expand(d, path, found) for d in found.rpath)
        passed = own + rpath
        todo = []
        if found.interpreter:
            todo += self._file(found.interpreter, path, "dynamic linker")
        here = passed if not found.runpath else tuple(linker.expand(d, path, found) for d in found.runpath)
        for name in found.needed:
            todo += [(*lib, passed) for lib in self._library(name, path, found, path, here)]
        opened = found.needed and not linker.path_file(self._linker(found))
        for name in linker.hidden(root.host(path)) if opened else ():
            todo += [(*lib, passed) for lib in self._library(name, "", found, path, here)]
        return todo

    def _script(self, path: str, root: Root) -> list[Todo]:
        words = _shebang(root.host(path))
        if not words:
            return []
        todo = self._file(words[0], path, "interpreter")
        if os.path.basename(words[0]) == "env":
            name = next((w for w in words[1:] if not w.startswith("-") and "=" not in w), "")
            places = [os.path.join(directory, name) for directory in PATH]
            found = next((place for place in places if self._where(place)), os.path.join("/usr/bin", name))
            todo += self._file(found, path, "interpreter") if name else []
        for real, where, _ in list(todo):
            self._interpreter_library(real, where)
        return todo

    def _interpreter_library(self, path: str, root: Root) -> None:
        for pattern, places in _LIBRARIES.items():
            match = re.match(pattern, os.path.basename(path))
            if match and root is self.sysroot:
                prefix = os.path.dirname(os.path.dirname(path))
                for place in places:
                    self.include(place.format(*match.groups(), prefix=prefix), optional=True)

    def _file(self, path: str, wanted_by: str, kind: str) -> list[Todo]:
        where = self._where(path)
        if where is None:
            self.missing.append(Missing(path, wanted_by, kind))
            return []
        return [(self._take(path, where), where, ())]

    def _where(self, path: str) -> Root | None:
        return next((root for root in (self.tree, self.sysroot) if root.is_file(path)), None)

    def _library(
        self, name: str, wanted_by: str, user: Elf | None, path: str, rpath: tuple[str, ...]
    ) -> list[tuple[str, Root]]:
        if "/" in name:
            found = self._file(linker.expand(name, path, user), wanted_by, "library")
            return [(real, root) for real, root, _ in found]
        loader = self._linker(user)
        if linker.is_itself(loader, name):
            return [(real, root) for real, root, _ in self._file(loader, wanted_by, "dynamic linker")]
        if (file := linker.path_file(loader)) and (root := self._where(file)):
            self._take(file, root)
        for directory in (*self.directories, *rpath, *self._system_directories(user)):
            candidate = f"{directory.rstrip('/')}/{name}"
            where = self._fitting(candidate, user)
            if where is not None:
                return [(self._take(candidate, where), where)]
        for directory in self._configured_directories():
            where = self._fitting(f"{directory}/{name}", user)
            if where is not None:
                return [(self._take_configured(directory, name, where, user), where)]
        if wanted_by:
            self.missing.append(Missing(name, wanted_by, "library"))
        return []

    def _fitting(self, path: str, user: Elf | None) -> Root | None:
        """Like the dynamic linker, pass over a library of another architecture."""
        for root in (self.tree, self.sysroot):
            if root.is_file(path):
                found = elf.read(root.host(root.resolve(path)))
                if found is not None and (user is None or found.abi == user.abi):
                    return root
        return None

    def _take_configured(self, directory: str, name: str, where: Root, user: Elf | None) -> str:
        home = self._system_directories(user)[0]
        self.result.extra_links[f"{self.sysroot.resolve(home) or home}/{name}"] = f"{directory}/{name}"
        return self._take(f"{directory}/{name}", where)

    def _take(self, path: str, root: Root) -> str:
        trail = root.trail(path)
        if root is self.sysroot:
            self.result.paths.update(trail)
        return trail[-1]

    def _take_tree(self, path: str) -> None:
        trail = self.sysroot.trail(path)
        self.result.paths.update(trail)
        real = trail[-1]
        status = self.sysroot.lstat(real)
        if status is not None and stat.S_ISDIR(status.st_mode):
            for inner in _walk(self.sysroot, real):
                self._take_inner(inner)
        else:
            self.program(real, self.sysroot)

    def _take_inner(self, path: str) -> None:
        self.result.paths.add(path)
        status = self.sysroot.lstat(path)
        if status is None or stat.S_ISDIR(status.st_mode):
            return
        trail = self.sysroot.trail(path)
        self.result.paths.update(trail)
        if trail and self.sysroot.is_file(trail[-1]) and elf.read(self.sysroot.host(trail[-1])) is not None:
            self.program(trail[-1], self.sysroot)  # a directory's scripts may be examples: they bring nothing

    def _check_abi(self, path: str, root: Root, found: Elf) -> None:
        if self.result.elf is None:
            self.result.elf, self.result.abi_of = found, path
        elif found.abi != self.result.elf.abi:
            raise SdkError(
                f"{root.host(path)!r} is for {_abi_name(found)}, {self.result.abi_of!r} is for "
                f"{_abi_name(self.result.elf)}",
                hint="an image has one architecture: give the install tree and the sysroot of the same one",
                code="mixed-architectures",
            )

    def _system_directories(self, user: Elf | None) -> tuple[str, ...]:
        if self._system is None:
            self._system = linker.system_directories(self.sysroot, self._linker(user))
        return self._system

    def _linker(self, user: Elf | None) -> str:
        """The dynamic linker of *user*, which a library does not name."""
        user = user if user and user.interpreter else self.result.elf
        return user.interpreter if user else ""

    def _configured_directories(self) -> tuple[str, ...]:
        if self._configured is None:
            self._configured = linker.configured_directories(self.sysroot)
        return self._configured


def _shebang(path: str) -> list[str]:
    with open(path, "rb") as stream:
        line = stream.read(256).split(b"\n", 1)[0]
    return line[2:].decode(errors="replace").split() if line.startswith(b"#!") else []


def _walk(root: Root, top: str) -> Iterator[str]:
    for name in sorted(os.listdir(root.host(top))):
        if name == "__pycache__":
            continue
        path = f"{top}/{name}"
        yield path
        status = root.lstat(path)
        if status is not None and stat.S_ISDIR(status.st_mode):
            yield from _walk(root, path)


def _abi_name(found: Elf) -> str:
    soft = found.architecture == "arm" and not found.abi[2]
    return f"{found.architecture} ({found.bits} bit{', soft float' if soft else ''})"
