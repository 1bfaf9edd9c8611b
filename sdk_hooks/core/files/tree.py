"""An install tree and a sysroot as the files of an image: no bitbake, no SDK."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.files import scan
from sdk_hooks.core.files.closure import Closure, Resolver
from sdk_hooks.core.files.fileset import (
    DIRECTORY,
    FILE,
    HARDLINK,
    SYMLINK,
    Entry,
    Group,
    Merged,
    directory,
    parents,
)
from sdk_hooks.core.files.root import Root
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Platform

_SPLIT = 8 << 20
"""Bytes of data above which an application's data gets a layer apart from its programs."""
_SYSROOT = "sysroot"
"""The component of what comes out of it."""


@dataclass(frozen=True)
class Source:
    """Files for an image, most stable group first, and what machine they are for."""

    groups: list[Group]
    platform: Platform | None
    """None when no file says."""
    below: Callable[[Merged | None, Sequence[Component]], list[Group]] | None = None
    """Makes the groups that come first, for what a base image shows and has: packages find its users."""
    defaults: Spec | None = None
    """What a base image that is not yet one says of who runs what."""
    foundation: bool = True
    """Whether users and /tmp are put below where nobody has them."""


def read(tree: str, sysroot: str, include: Iterable[str] = (), directories: Iterable[str] = ()) -> Source:
    """The application in *tree* with what it needs from *sysroot*.

    :param include: Libraries by name and paths, which no ELF header names.
    :param directories: Where else the dynamic linker will look, as in LD_LIBRARY_PATH.
    :raises SdkError: When something is missing, unreadable, or for another architecture.
    """
    top = Root(tree, "give one that is there: --from DIR")
    entries = scan.tree(top.directory)
    if not entries:
        raise SdkError(
            f"the install tree {tree!r} is empty",
            hint=f"install into it first: make install DESTDIR={tree}",
            code="empty-tree",
        )
    resolver = Resolver(top, Root(sysroot, "give one that is there: --sysroot DIR"), directories)
    for found in sorted(entries, key=lambda entry: ".so" in entry.path):  # programs name their dynamic linker
        if found.kind == FILE and (found.mode & 0o111 or ".so" in found.path):
            resolver.program("/" + found.path, top)
        elif found.kind == SYMLINK:
            resolver.link("/" + found.path)
    for wanted in include:
        resolver.include(wanted)
    closure = resolver.finish()
    dependencies = _from_sysroot(resolver.sysroot, closure)
    application = _application(entries)
    for group in application if dependencies.entries else ():
        group.components = [replace(each, needs=(_SYSROOT,)) for each in group.components]
    platform = closure.elf.platform if closure.elf else None
    return Source([dependencies, *application], platform)


def alone(tree: str) -> Group:
    """The files of *tree* without what they need.

    :raises SdkError: When a part can't be read.
    """
    return _group("application", scan.tree(Root(tree, "give one that is there: --from DIR").directory))


def _from_sysroot(sysroot: Root, closure: Closure) -> Group:
    group = Group("dependencies", comment="libraries and interpreters out of the sysroot")
    for path in sorted(closure.paths | {f"/{p}" for q in closure.paths for p in parents(q[1:])}):
        status = sysroot.lstat(path)
        if path == "/" or status is None:
            continue
        if stat.S_ISDIR(status.st_mode):
            group.add([directory(path[1:], stat.S_IMODE(status.st_mode) & ~0o022 | 0o755)])
            continue
        found = scan.entry(sysroot.host(path), path[1:], status)
        if found is not None:
            group.add([_owned_by_root(found)])
    for link, target in closure.extra_links.items():
        group.add([Entry(link[1:], SYMLINK, 0o777, link=target)])
    group.components = [_component(_SYSROOT, group.entries.values())]
    return group


def _owned_by_root(found: Entry) -> Entry:
    mode = 0o777 if found.kind == SYMLINK else found.mode & ~0o022
    return found._replace(uid=0, gid=0, mode=mode)


def _application(entries: list[Entry]) -> list[Group]:
    """One group; much data or many libraries go apart, so that an edit of a program does not re-send them."""
    linked = {e.link for e in entries if e.kind == HARDLINK}  # names of one file must stay in one layer
    files = [e for e in entries if e.kind == FILE and e.path not in linked]
    libraries = [e for e in files if ".so" in os.path.basename(e.path)]
    data = [e for e in files if not e.mode & 0o111 and ".so" not in os.path.basename(e.path)]
    below = [
        part for part in (("data", data), ("libraries", libraries)) if sum(e.size for e in part[1]) >= _SPLIT
    ]
    if not below:
        return [_group("application", entries)]
    kept = {e.path for _, part in below for e in part}
    # directories go below: a layer with an edited program then holds nothing else
    below[0][1].extend(e for e in entries if e.kind == DIRECTORY)
    rest = [e for e in entries if e.path not in kept and e.kind != DIRECTORY]
    parts = [*below, ("application", rest)]
    return [group for group in (_group(name, sorted(part)) for name, part in parts) if group.entries]


def _group(name: str, entries: list[Entry]) -> Group:
    group = Group(name, comment="the install tree")
    group.add(entries)
    group.components = [_component(name, entries, asked=True)]
    return group


def _component(name: str, entries: Iterable[Entry], *, asked: bool = False) -> Component:
    files = tuple(sorted(entry.path for entry in entries if entry.kind != DIRECTORY))
    return Component(name, asked=asked, files=files)
