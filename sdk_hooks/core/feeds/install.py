"""Installs packages into the files of an image: a group for each recipe, and what their scripts make."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.feeds import rights
from sdk_hooks.core.feeds.paths import Paths
from sdk_hooks.core.feeds.store import Have
from sdk_hooks.core.files import users
from sdk_hooks.core.files.fileset import DIRECTORY, SYMLINK, Entry, Group, Merged, directory, same
from sdk_hooks.core.scripts import debconf, run
from sdk_hooks.core.scripts.expansion import NotUnderstoodError
from sdk_hooks.core.scripts.root import Root
from sdk_hooks.errors import SdkError
from sdk_hooks.packages import Package, PackageFormat, ScriptRun

_NONROOT = ("nonroot:x:65532:65532:nonroot:/:/usr/sbin/nologin\n", "nonroot:x:65532:\n")
_ROOT = ("root:x:0:0:root:/root:/bin/sh\n", "root:x:0:\n")
_ACCOUNTS = ("etc/passwd", "etc/group")
_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_SAID = ("license", "homepage", "summary", "supplier", "vendor")


@dataclass(frozen=True)
class Allowed:
    """What packages may do although it is refused without a word."""

    setuid: tuple[str, ...] = ()
    """Programs with the rights of their owner, or capabilities: globs of absolute paths; `none`: others lose
    them."""
    without_scripts: tuple[str, ...] = ()
    """Packages whose scripts may be left out when they can't be followed."""
    exclude: tuple[str, ...] = ()
    """Globs of paths that are left out, with `!` of those that stay; the last match counts."""
    run_scripts: tuple[str, ...] = ()
    """Packages whose scripts are really run, by the programs of the image, and not followed."""


def install(
    have: Sequence[Have], skeleton: Sequence[Have], allowed: Allowed, root: Root | None, form: PackageFormat
) -> list[Group]:
    """The groups of an image that has these packages, the most stable first.

    :param have: Each after what it needs.
    :param skeleton: The packages that have the distribution's users and directories, for a root file system
        that they are no part of.
    :param root: What lies below, as `Root` or an earlier call left it.
    :raises SdkError: When a package has what it may not have, or a script can't be followed.
    """
    rights.check(have, allowed)
    _check_run(have, allowed)
    root = root or Root()
    _merge(root, have)
    if not root.find("etc/passwd"):
        _begin(root, skeleton)
    # of OE's own making, whatever its packages are made for
    opkg = any(each.package.name == "update-alternatives-opkg" for each in have)
    root.direct_alternatives = form.direct_alternatives or opkg or root.direct_alternatives
    root.shares_files = form.shares_files
    root.coming = frozenset(path for each in have for path in _paths(each))
    groups: dict[str, Group] = {}
    failed: dict[str, tuple[str, NotUnderstoodError]] = {}
    kept = Paths(allowed.exclude)
    for each in have:
        _configure(root, each)
        _scripts(root, each, form.scripts.first, allowed, failed)
    for each in have:
        _scripts(root, each, form.scripts.before, allowed, failed)
        _files(root, each, groups, kept)
        _scripts(root, each, form.scripts.after, allowed, failed)
    for each in have:
        _scripts(root, each, form.scripts.last, allowed, failed)
    _check_followed(failed)
    root.made.add([directory("tmp", 0o1777)] if not root.find("tmp") else [])
    made = [*(groups[name] for name in sorted(groups)), root.made]
    rights.check_made(root, made, allowed)
    return made


def begins(base: Merged | None) -> bool:
    """Whether the root file system begins with these packages: *base* has no users."""
    return base is None or not Root(base).find("etc/passwd")


def _check_run(have: Sequence[Have], allowed: Allowed) -> None:
    """
    :raises SdkError: When scripts are to be run that are not there, or are to be left out.
    """
    for name in allowed.run_scripts:
        if name in allowed.without_scripts:
            raise SdkError(
                f"scripts of the package {name!r} are to be both run and left out",
                hint=f"give one of --run-scripts {name} and --skip-scripts {name}",
                code="script",
            )
        if all(each.package.name != name for each in have):
            raise SdkError(
                f"scripts of the package {name!r} are to be run, which is not installed",
                hint=f"add it: --install {name}; or leave out --run-scripts {name}",
                code="script",
            )


def _files(root: Root, each: Have, groups: dict[str, Group], kept: Paths) -> None:
    package = each.package
    group = groups.setdefault(package.source, Group(package.source))
    group.comment = f"{group.comment}, {package}".lstrip(", ")
    # there are users by now: a package that brings its own is the skeleton's, which they come from
    found = [entry for entry in kept.of(each.content.entries) if entry.path not in _ACCOUNTS]
    entries = [_diverted(root, _owned(root, entry, each), package) for entry in found]
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
    target, whose = root.diverted.get(entry.path, ("", package.name))
    return entry if whose == package.name else entry._replace(path=target)


def _unclaimed(root: Root, entry: Entry, package: Package) -> bool:
    """Whether another package has the same file, which both may have where their format says so.

    :raises SdkError: When another package has a file there, and neither says that it replaces the other.
    """
    path = root.inner(entry.path)
    other = root.owner.get(path) if entry.kind != DIRECTORY else None
    if other is None or other.name == package.name:
        return False
    if root.shares_files and same(root.merged.entries[path], entry):
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


def _scripts(
    root: Root,
    each: Have,
    runs: Sequence[ScriptRun],
    allowed: Allowed,
    failed: dict[str, tuple[str, NotUnderstoodError]],
) -> None:
    """Follow *runs* of a package, unless one of its scripts is in *failed* by now, where the first goes."""
    package = each.package
    if package.name in {*allowed.without_scripts, *failed}:
        return
    for name, arguments, made in runs:
        text = each.content.scripts.get(name, "")
        try:
            if text and package.name in allowed.run_scripts and not made:
                beside = _questions(each)
                run.really(root, package.name, package.architecture, name, text, *arguments, beside=beside)
            elif text:
                run.follow(root, package.name, package.architecture, name, text, *arguments)
        except NotUnderstoodError as error:
            failed[package.name] = (name, error)
            return


def _check_followed(failed: Mapping[str, tuple[str, NotUnderstoodError]]) -> None:
    """Say all that could not be followed at once.

    :raises SdkError: When there is something.
    """
    if not failed:
        return
    named = [(f"the {script} of the package {name!r}", error) for name, (script, error) in failed.items()]
    if len(named) == 1:
        what, detail, it, does = f"can't follow {named[0][0]}", f"stopped at {named[0][1]}", "it", "it does"
    else:
        what, it, does = f"can't follow scripts of {len(named)} packages", "them", "they do"
        detail = "\n".join(f"{which} stopped at {error}" for which, error in named)
    run_, skip = (" ".join(f"--{verb}-scripts {name}" for name in failed) for verb in ("run", "skip"))
    raise SdkError(
        what,
        detail=detail,
        hint=f"run {it} by the image's own programs: {run_}; "
        f"if the container does without what {does}: {skip}",
        code="script",
    ) from named[0][1]


def _questions(each: Have) -> dict[str, bytes]:
    """What debconf reads beside a script of the package: its questions, and what asks them."""
    templates = each.content.metadata.get("templates", b"")
    config = each.content.scripts.get("config", "").encode()
    return {"templates": templates, **({"config": config} if config else {})} if templates else {}


def _merge(root: Root, have: Sequence[Have]) -> None:
    """Make links of bin, lib and so on where the distribution has its programs in usr only."""
    there = root.find("bin", follow=False)
    if not (_merged(have) or (there and there.kind == SYMLINK)):
        return
    tops = {path.removeprefix("usr/").partition("/")[0] for each in have for path in _paths(each)}
    for name in sorted(tops.intersection(_MERGED).union(_MERGED[:3])):
        if not root.find(name, follow=False):
            root.put(Entry(name, SYMLINK, 0o777, link=f"usr/{name}"))


def _configure(root: Root, each: Have) -> None:
    """Answer what debconf would ask, as far as the package's own script for that can be followed."""
    root.questions.update(debconf.templates(each.content.metadata.get("templates", b"")))
    package, text = each.package, each.content.scripts.get("config", "")
    if text:
        with contextlib.suppress(NotUnderstoodError):
            run.follow(root, package.name, package.architecture, "config", text, "configure", "")


def _begin(root: Root, skeleton: Sequence[Have]) -> None:
    """Users, groups and directories of the distribution, so that packages find those that they expect."""
    entries = {entry.path: entry for each in skeleton for entry in each.content.entries}
    for entry in (*entries.values(), directory("usr/local")):
        top = entry.kind == SYMLINK and entry.path in _MERGED
        if (top or entry.kind == DIRECTORY) and not root.find(entry.path, follow=False):
            root.put(entry)
    _written(root, skeleton)
    for file, own, nonroot in zip(("passwd", "group"), _ROOT, _NONROOT, strict=True):
        found = entries.get(f"usr/share/base-passwd/{file}.master") or entries.get(f"etc/{file}")
        text = (root.content(f"etc/{file}") or own.encode()).decode()
        if found and found.source:
            with open(found.source, encoding="utf-8") as stream:
                text = stream.read()
        # nobody gets in without a password: OE's images, too, lock the account that its package leaves open
        text = text.replace(":*:", ":x:").replace("root::0:", "root:x:0:")
        root.write(f"etc/{file}", (text + nonroot).encode())


def _written(root: Root, skeleton: Sequence[Have]) -> None:
    """Follow OE's base-passwd, whose users stand in its preinst, which rpm calls pre."""
    for package, content in skeleton:
        text = content.scripts.get("preinst") or content.scripts.get("pre", "")
        if "etc/passwd" in text:
            with contextlib.suppress(NotUnderstoodError):
                run.follow(root, package.name, package.architecture, "preinst", text, "install")


def _merged(have: Sequence[Have]) -> bool:
    """Whether the distribution has its programs in usr only: its loader is there, or a package says it."""
    loader = any(re.fullmatch(r"usr/lib\d*/ld-.*", path) for each in have for path in _paths(each))
    return loader or any(each.package.name == "usr-is-merged" for each in have)


def _paths(each: Have) -> list[str]:
    return [entry.path for entry in each.content.entries]
