"""Installs packages into the files of an image: a group for each recipe, and what their scripts make."""

from __future__ import annotations

import filecmp
import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.feeds.store import Have
from sdk_hooks.core.files import users
from sdk_hooks.core.files.fileset import (
    BLOCK,
    CHARACTER,
    DIRECTORY,
    FILE,
    SYMLINK,
    Entry,
    Group,
    Merged,
    directory,
)
from sdk_hooks.core.scripts import run
from sdk_hooks.core.scripts.expansion import NotUnderstoodError
from sdk_hooks.core.scripts.root import Root
from sdk_hooks.errors import SdkError
from sdk_hooks.packages import Package, PackageFormat, ScriptRun

_NONROOT = ("nonroot:x:65532:65532:nonroot:/:/usr/sbin/nologin\n", "nonroot:x:65532:\n")
_ROOT = ("root:x:0:0:root:/root:/bin/sh\n", "root:x:0:\n")
_NONE = "none"
_ACCOUNTS = ("etc/passwd", "etc/group")
_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_SAID = ("license", "homepage", "summary", "supplier", "vendor")


@dataclass(frozen=True)
class Allowed:
    """What packages may do although it is refused without a word."""

    setuid: tuple[str, ...] = ()
    """Programs with the rights of their owner, as globs of absolute paths; `none`: others lose them."""
    without_scripts: tuple[str, ...] = ()
    """Packages whose scripts may be left out when they can't be followed."""


def install(
    have: Sequence[Have], skeleton: Sequence[Have], allowed: Allowed, base: Merged | None, form: PackageFormat
) -> list[Group]:
    """The groups of an image that has these packages, the most stable first.

    :param have: Each after what it needs.
    :param skeleton: The packages that have the distribution's users and directories, for a root file system
        that they are no part of.
    :param base: What a base image shows.
    :raises SdkError: When a package has what it may not have, or a script can't be followed.
    """
    _check(have, allowed)
    root = Root(base)
    if begins(base):
        _begin(root, have, skeleton)
    root.direct_alternatives, root.shares_files = form.direct_alternatives, form.shares_files
    groups: dict[str, Group] = {}
    for each in have:
        _scripts(root, each, form.scripts.first, allowed)
    for each in have:
        _scripts(root, each, form.scripts.before, allowed)
        _files(root, each, groups, allowed)
        _scripts(root, each, form.scripts.after, allowed)
    for each in have:
        _scripts(root, each, form.scripts.last, allowed)
    root.made.add([directory("tmp", 0o1777)] if not root.find("tmp") else [])
    return [*(groups[name] for name in sorted(groups)), root.made]


def begins(base: Merged | None) -> bool:
    """Whether the root file system begins with these packages: *base* has no users."""
    return base is None or not Root(base).find("etc/passwd")


def _files(root: Root, each: Have, groups: dict[str, Group], allowed: Allowed) -> None:
    package = each.package
    group = groups.setdefault(package.source, Group(package.source))
    group.comment = f"{group.comment}, {package}".lstrip(", ")
    # there are users by now: a package that brings its own is the skeleton's, which they come from
    found = [entry for entry in each.content.entries if entry.path not in _ACCOUNTS]
    found = [_owned(root, _without_rights(entry, allowed), each) for entry in found]
    entries = [_diverted(root, entry, package) for entry in found]
    entries = [entry for entry in entries if not _unclaimed(root, entry, package)]
    root.add(group, entries)
    files = [root.inner(entry.path) for entry in entries if entry.kind != DIRECTORY]
    root.owner.update((file, package) for file in files)
    group.components.append(component(package, files))


def component(package: Package, files: Sequence[str] = ()) -> Component:
    """*package* as a part of an image that has these *files* of it."""
    names = ("name", "version", "architecture", "source", "path", "size", "digest", *_SAID)
    told = {name: getattr(package, name) for name in names}
    return Component(**told, files=tuple(files))


def _diverted(root: Root, entry: Entry, package: Package) -> Entry:
    target, whose = root.diverted.get(root.inner(entry.path), ("", package.name))
    return entry if whose == package.name else entry._replace(path=target)


def _unclaimed(root: Root, entry: Entry, package: Package) -> bool:
    """Whether another package has the same file, which both may have where their format says so.

    :raises SdkError: When another package has a file there, and neither says that it replaces the other.
    """
    path = root.inner(entry.path)
    other = root.owner.get(path) if entry.kind != DIRECTORY else None
    if other is None or other.name == package.name:
        return False
    if root.shares_files and _same(root.merged.entries[path], entry):
        return True
    if any(relation.name == other.name for relation in package.replaces):
        root.remove(path)
    elif not any(relation.name == package.name for relation in other.replaces):
        raise SdkError(
            f"the packages {other.name!r} and {package.name!r} both have '/{entry.path}'",
            hint="install only one of them",
            code="file-conflict",
        )
    return False


def _same(one: Entry, other: Entry) -> bool:
    facts = [
        (each.kind, each.mode, each.uid, each.gid, each.size, each.link, each.xattrs) for each in (one, other)
    ]
    same = facts[0] == facts[1] and one.kind in (FILE, SYMLINK)
    return same and (
        not (one.source and other.source) or filecmp.cmp(one.source, other.source, shallow=False)
    )


def _owned(root: Root, entry: Entry, each: Have) -> Entry:
    """*entry* with the numbers that its owner's names have in the image."""
    names = each.content.owners.get(entry.path)
    if names is None:
        return entry
    uid, gid = _number(root, names[0], "etc/passwd"), _number(root, names[1], "etc/group")
    return entry._replace(uid=entry.uid if uid is None else uid, gid=entry.gid if gid is None else gid)


def _number(root: Root, name: str, file: str) -> int | None:
    text = (root.content(file) or b"").decode(errors="replace")
    try:
        if file == "etc/passwd":
            return users.numbers(name, text, "")[0]
        return users.numbers(f"0:{name}", "", text)[1]
    except (SdkError, ValueError):
        return None


def _scripts(root: Root, each: Have, runs: Sequence[ScriptRun], allowed: Allowed) -> None:
    package = each.package
    if package.name in allowed.without_scripts:
        return
    for name, arguments in runs:
        text = each.content.scripts.get(name, "")
        try:
            if text:
                run.follow(root, package.name, package.architecture, name, text, *arguments)
        except NotUnderstoodError as error:
            raise SdkError(
                f"can't follow the {name} of the package {package.name!r}",
                detail=f"stopped at {error}",
                hint=f"if the container does without what it does: --skip-scripts {package.name}",
                code="script",
            ) from error


def _begin(root: Root, have: Sequence[Have], skeleton: Sequence[Have]) -> None:
    """Users, groups and directories of the distribution, so that packages find those that they expect."""
    entries = {entry.path: entry for each in skeleton for entry in each.content.entries}
    if _merged(have):
        tops = {path.removeprefix("usr/").partition("/")[0] for each in have for path in _paths(each)}
        for name in sorted(tops.intersection(_MERGED).union(_MERGED[:3])):
            root.put(Entry(name, SYMLINK, 0o777, link=f"usr/{name}"))
    for entry in (*entries.values(), directory("usr/local")):
        top = entry.kind == SYMLINK and entry.path in _MERGED
        if (top or entry.kind == DIRECTORY) and not root.find(entry.path, follow=False):
            root.put(entry)
    for file, own, nonroot in zip(("passwd", "group"), _ROOT, _NONROOT, strict=True):
        found = entries.get(f"usr/share/base-passwd/{file}.master") or entries.get(f"etc/{file}")
        text = own
        if found and found.source:
            with open(found.source, encoding="utf-8") as stream:
                text = stream.read().replace(":*:", ":x:")
        root.write(f"etc/{file}", (text + nonroot).encode())


def _merged(have: Sequence[Have]) -> bool:
    """Whether the distribution has its programs in usr only: its loader is there, or a package says it."""
    loader = any(re.fullmatch(r"usr/lib\d*/ld-.*", path) for each in have for path in _paths(each))
    return loader or any(each.package.name == "usr-is-merged" for each in have)


def _paths(each: Have) -> list[str]:
    return [entry.path for entry in each.content.entries]


def _check(have: Sequence[Have], allowed: Allowed) -> None:
    """
    :raises SdkError: Naming the packages that have what they may not have.
    """
    files = [(each.package, entry) for each in have for entry in each.content.entries]
    nodes = [(package, entry) for package, entry in files if entry.kind in (CHARACTER, BLOCK)]
    if nodes:
        raise _refused(nodes, "a device node", "containers get devices by devices: in container.yaml")
    rights = [(package, entry) for package, entry in files if _has_rights(entry, allowed)]
    if rights and _NONE not in allowed.setuid:
        options = " ".join(f"--setuid /{entry.path}" for _, entry in rights)
        hint = f"take them away: --setuid {_NONE}; or allow it: {options}"
        raise _refused(rights, "a program with the rights of another user", hint)


def _has_rights(entry: Entry, allowed: Allowed) -> bool:
    asked = any(fnmatch.fnmatchcase(f"/{entry.path}", glob) for glob in allowed.setuid)
    return entry.kind == FILE and bool(entry.mode & 0o6000 and entry.mode & 0o111) and not asked


def _without_rights(entry: Entry, allowed: Allowed) -> Entry:
    return entry._replace(mode=entry.mode & ~0o6000) if _has_rights(entry, allowed) else entry


def _refused(found: Sequence[tuple[Package, Entry]], what: str, hint: str) -> SdkError:
    lines = [f"{package.name}: /{entry.path}" for package, entry in found]
    return SdkError(
        f"the package {found[0][0].name!r} has {what}", detail="\n".join(lines), hint=hint, code="refused"
    )
