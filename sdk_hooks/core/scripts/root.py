"""The files of an image that scripts change: packages' files, and what comes on top."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sdk_hooks.core.files.fileset import (
    DIRECTORY,
    FILE,
    HARDLINK,
    SYMLINK,
    Entry,
    Group,
    Merged,
    directory,
    whiteout,
)
from sdk_hooks.core.files.lower import Lower
from sdk_hooks.packages import Package


@dataclass
class Alternative:
    """What update-alternatives knows of one name."""

    link: str
    slaves: dict[str, str] = field(default_factory=dict)
    """The links that go with it, by name."""
    choices: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    """By path the priority, and where the links of the slaves lead."""


def _made() -> Group:
    return Group("configuration of packages", comment="what package scripts made: users, links")


class Root:
    """What packages have put there so far, and one more group of what scripts make.

    :param base: What a base image shows below; its files are looked at, and covered by new ones.
    """

    def __init__(self, base: Merged | None = None) -> None:
        self.merged = Merged()
        if base:
            self.merged.entries.update(base.entries)
            self.merged.settle()
        self.lower, self.image = Lower(base.layers if base else ()), dict(self.merged.entries)
        """The files of a base image: with content, and as they are known without."""
        self.base = dict(self.merged.entries)
        """What is in layers below those that are being made."""
        self.made = _made()
        self.groups: dict[str, Group] = {}
        """Whose each file of a package is."""
        self.owner: dict[str, Package] = {}
        """Which package has each file."""
        self.priorities: dict[str, int] = {}
        """Of the alternative that each link leads to."""
        self.alternatives: dict[str, Alternative] = {}
        """By name."""
        self.direct_alternatives = False
        """Whether such a link leads there itself, as opkg's do, and not by /etc/alternatives."""
        self.shares_files = False
        """Whether two packages may have a file that is the same in both."""
        self.coming: frozenset[str] = frozenset()
        """Paths that packages have which are being installed, be it later."""
        self.diverted: dict[str, tuple[str, str]] = {}
        """Where files of other packages go, and which package is no other one (dpkg-divert)."""
        self.overrides: list[str] = []
        """Owners and modes that stay whatever packages say (dpkg-statoverride)."""
        self.temporary = 0
        """Names that mktemp gave."""
        self.questions: dict[str, dict[str, str]] = {}
        """Of debconf: the fields of each, `value` among them."""

    def above(self) -> None:
        """Let all that is there be the base of what comes from now on."""
        self.base = dict(self.merged.entries)
        self.made = _made()
        self.groups.clear()

    def add(self, group: Group, entries: list[Entry]) -> None:
        """Put the files of a package there, as part of *group*."""
        for entry in entries:
            path = self.merged.real(entry.path)
            link = self.merged.real(entry.link) if entry.kind == HARDLINK else entry.link
            placed = entry._replace(path=path, link=link)
            below = self.merged.entries.get(path)
            if placed.kind == DIRECTORY and below is not None and below.kind in (DIRECTORY, SYMLINK):
                # the first package that has a directory says whose it is, and a base image before that
                if path in self.merged.base and below.kind == DIRECTORY:
                    group.add([placed._replace(mode=below.mode, uid=below.uid, gid=below.gid)])
                    self.merged.base.discard(path)
                continue
            group.add([placed])
            self.made.entries.pop(whiteout(path).path, None)
            self.groups[path] = group
            self.merged.cover(placed)

    def find(self, path: str, *, follow: bool = True) -> Entry | None:
        """What is at *path*; None when nothing is."""
        inner = self.inner(path)
        found = self.merged.entries.get(inner)
        for _ in range(40):
            if not (follow and found and found.kind == SYMLINK):
                return found if inner else directory("")
            place = "" if found.link.startswith("/") else inner.rpartition("/")[0]
            inner = self.inner(f"{place}/{found.link}")
            found = self.merged.entries.get(inner)
            if not inner:
                return directory("")
        return None

    def has_program(self, path: str) -> bool:
        """Whether a program is at *path*, or will be when all packages are there.

        rpm runs a script before the files of packages that its own does not need: a service is started by an
        init all the same.
        """
        found = self.find(path)
        if found is None:
            return path.strip("/") in self.coming
        return found.kind == FILE and bool(found.mode & 0o111)

    def inner(self, path: str) -> str:
        """*path* as entries have it: without a slash in front, `..`, and links on the way."""
        parts: list[str] = []
        for part in path.split("/"):
            if part == "..":
                parts = self.merged.real("/".join([*parts, "x"])).split("/")[:-2]
            elif part not in ("", "."):
                parts.append(part)
        return self.merged.real("/".join(parts))

    def content(self, path: str) -> bytes | None:
        """Of a file; None when there is none.

        :raises SdkError: When it is a base image's and can't be read.
        """
        found = self.find(path)
        if found is None or found.kind not in (FILE, HARDLINK):
            return None
        found = self.whole(found)
        if found.source:
            with open(found.source, "rb") as stream:
                return stream.read()
        return found.data

    def whole(self, found: Entry) -> Entry:
        """*found*, a file, with its content; what a hard link is a name of.

        :raises SdkError: When it is a base image's and can't be read.
        """
        if found.kind == HARDLINK and self.image.get(found.path) != found:
            target = self.merged.entries.get(found.link)
            return self.whole(target) if target and target.kind == FILE else found
        known = found.kind != HARDLINK and (not found.size or found.source or found.data)
        if found.kind not in (FILE, HARDLINK) or known:
            return found
        return self.lower.whole(found.path)

    def write(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """Write a file, which keeps owner and mode where it is there."""
        there = self.find(path)
        if there and there.kind == HARDLINK:  # the file has other names, which show it, too
            there = self.whole(there)
        inner = there.path if there else self.inner(path)
        made = there or Entry(inner, FILE, mode)
        self.put(made._replace(size=len(data), data=data, source="", stamp=()))

    def put(self, entry: Entry) -> None:
        """Let *entry* be at its path, in the place of what was there."""
        group = self.groups.get(entry.path)
        if group is not None:
            group.entries[entry.path] = entry
        else:
            self.made.add([entry])
            self.made.entries.pop(whiteout(entry.path).path, None)
        self.merged.cover(entry)

    def remove(self, path: str) -> None:
        """Take away *path*, and what is below it."""
        for known in [path, *(each.path for each in self.below(path))]:
            self.merged.entries.pop(known, None)
            self.made.entries.pop(known, None)
            group = self.groups.pop(known, None)
            if group is not None:
                group.entries.pop(known, None)
        if path in self.base:
            self.made.add([whiteout(path)])

    def below(self, path: str) -> Iterator[Entry]:
        """Everything below the directory *path*."""
        start = f"{path}/" if path else ""
        return iter(
            [
                entry
                for known, entry in self.merged.entries.items()
                if known.startswith(start) and known != path
            ]
        )

    def names(self, path: str) -> list[str]:
        """What is in the directory *path*."""
        start = f"{path}/" if path else ""
        return sorted(
            {
                known[len(start) :].partition("/")[0]
                for known in self.merged.entries
                if known.startswith(start)
            }
        )
