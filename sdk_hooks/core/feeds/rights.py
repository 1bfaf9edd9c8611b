"""Refuses what packages may have only with a word: device nodes, programs with others' rights."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sdk_hooks.core.feeds.store import Have
from sdk_hooks.core.files.fileset import BLOCK, CHARACTER, FILE, Entry, Group
from sdk_hooks.core.rpm import capability
from sdk_hooks.core.scripts.root import Root
from sdk_hooks.errors import SdkError

if TYPE_CHECKING:
    from sdk_hooks.core.feeds.install import Allowed

CAPABILITIES = "security.capability"
NONE = "none"
"""Among the programs that may have rights: all others lose them."""


def check(have: Sequence[Have], allowed: Allowed) -> None:
    """Look at packages before anything is done with them.

    :raises SdkError: Naming those that have what they may not have.
    """
    files = [(each.package.name, entry) for each in have for entry in each.content.entries]
    nodes = [(name, entry) for name, entry in files if entry.kind in (CHARACTER, BLOCK)]
    if nodes:
        raise _refused(nodes, "a device node", "containers get devices by devices: in container.yaml")
    if NONE not in allowed.setuid:
        _refuse([(name, entry) for name, entry in files if _has_rights(entry, allowed)])


def check_made(root: Root, groups: Iterable[Group], allowed: Allowed) -> None:
    """Look at what scripts have made of the packages' files, or take away rights that are not wanted.

    :raises SdkError: As `check`.
    """
    found = [(group, entry) for group in groups for entry in group.entries.values()]
    having = [(group, entry) for group, entry in found if _has_rights(entry, allowed)]
    if NONE not in allowed.setuid:
        _refuse([(getattr(root.owner.get(entry.path), "name", group.name), entry) for group, entry in having])
        return
    for group, entry in having:
        xattrs = tuple(each for each in entry.xattrs if each[0] != CAPABILITIES)
        made = entry._replace(mode=entry.mode & ~0o6000, xattrs=xattrs)
        group.entries[entry.path] = root.merged.entries[entry.path] = made


def _has_rights(entry: Entry, allowed: Allowed) -> bool:
    as_owner = entry.kind == FILE and entry.mode & 0o6000 and entry.mode & 0o111
    return bool(as_owner or _capabilities(entry)) and not _asked(entry, allowed)


def _capabilities(entry: Entry) -> bytes:
    return dict(entry.xattrs).get(CAPABILITIES, b"")


def _asked(entry: Entry, allowed: Allowed) -> bool:
    return any(fnmatch.fnmatchcase(f"/{entry.path}", glob) for glob in allowed.setuid)


def _refuse(found: Sequence[tuple[str, Entry]]) -> None:
    if found:
        options = " ".join(f"--setuid /{entry.path}" for _, entry in found)
        hint = f"take them away: --setuid {NONE}; or allow it: {options}"
        others = "capabilities" if _capabilities(found[0][1]) else "the rights of another user"
        raise _refused(found, f"a program with {others}", hint)


def _refused(found: Sequence[tuple[str, Entry]], what: str, hint: str) -> SdkError:
    lines = [f"{name}: /{entry.path}{_told(entry)}" for name, entry in found]
    return SdkError(
        f"the package {found[0][0]!r} has {what}", detail="\n".join(lines), hint=hint, code="refused"
    )


def _told(entry: Entry) -> str:
    """Its capabilities, for people."""
    found = _capabilities(entry)
    return f" ({', '.join(capability.names(found)) or found.hex()})" if found else ""
