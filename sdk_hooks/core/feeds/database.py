"""The package manager's database of an image: what dpkg, opkg and rpm know of them, and scanners read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from sdk_hooks.core.feeds import rpmdb
from sdk_hooks.core.feeds.paths import Paths
from sdk_hooks.core.feeds.store import Have
from sdk_hooks.core.files.fileset import DIRECTORY, FILE, HARDLINK, SYMLINK, Entry, Group, directory
from sdk_hooks.core.scripts.root import Root
from sdk_hooks.errors import SdkError
from sdk_hooks.packages import Package
from sdk_hooks.target import Platform

_DPKG, _OPKG = "var/lib/dpkg", "var/lib/opkg"
_SCRIPTS = ("preinst", "postinst", "prerm", "postrm", "config")

Asked = Callable[[Package], bool]


class About(NamedTuple):
    """What a database says beside what packages say."""

    kept: Paths
    """Which of the packages' files are there."""
    asked: Asked
    """Whether somebody asked for a package by name."""
    platform: Platform
    time: int
    """When they were installed, seconds since 1970."""


def has(form: str) -> bool:
    """Whether it can be written for packages of *form*."""
    return form in _WRITERS


def write(form: str, root: Root, have: Sequence[Have], groups: Iterable[Group], about: About) -> None:
    """Add what is known of the installed packages *have*: of each in its group, of all in `root.made`.

    :param groups: Those of the packages.
    :raises SdkError: When only the package manager itself can write it, or what a base image has is damaged.
    """
    if form not in _WRITERS:
        raise SdkError(
            f"the database of {form} packages can't be written here",
            detail=f"only {form} itself can; those of {', '.join(_WRITERS)} can be written",
            hint="leave out --package-database",
            code="no-package-database",
        )
    by_name = {group.name: group for group in groups}
    _WRITERS[form](root, have, by_name, about)


def _dpkg(root: Root, have: Sequence[Have], groups: Mapping[str, Group], about: About) -> None:
    status = (root.content(f"{_DPKG}/status") or b"").decode()
    for each in have:
        files = _dpkg_files(each, about.kept)
        for name, data in files.items():
            mode = 0o755 if name.rpartition(".")[2] in _SCRIPTS else 0o644
            _put(root, groups[each.package.source], f"{_DPKG}/info/{name}", data, mode)
        status += _dpkg_record(each)
    root.write(f"{_DPKG}/status", status.encode())
    root.write(f"{_DPKG}/info/format", b"1\n")
    for name in ("available", "lock", "lock-frontend"):
        root.write(f"{_DPKG}/{name}", b"", 0o644 if name == "available" else 0o640)
    root.put(directory(f"{_DPKG}/updates"))
    _dpkg_diversions(root)
    _dpkg_alternatives(root)
    _dpkg_triggers(root, have)
    if root.find("usr/bin/apt-get"):
        _apt_states(root, have, about.asked)
    if about.kept.exclude:
        root.write("etc/dpkg/dpkg.cfg.d/excludes", _dpkg_excludes(about.kept.exclude))


def _put(root: Root, group: Group, path: str, data: bytes, mode: int = 0o644) -> None:
    root.add(group, [Entry(path, FILE, mode, size=len(data), data=data)])


def _dpkg_name(each: Have) -> str:
    same = "\nMulti-Arch: same" in each.content.record.decode(errors="replace")
    return f"{each.package.name}:{each.package.architecture}" if same else each.package.name


def _dpkg_files(each: Have, kept: Paths) -> dict[str, bytes]:
    """What dpkg keeps of one package, by name."""
    name, content = _dpkg_name(each), each.content
    entries = kept.of(content.entries)
    there = [entry.path for entry in entries]
    files = {f"{name}.list": _lines(["/.", *(f"/{path}" for path in there)])}
    metadata = {key: data for key, data in content.metadata.items() if "/" not in key}
    known = set(there)
    sums = metadata.get("md5sums", b"").decode(errors="replace").splitlines() or _sums(each, entries)
    metadata["md5sums"] = _lines(line for line in sums if line[34:].strip() in known)
    if conffiles := _conffiles(each):
        metadata["conffiles"] = _lines(line.split()[0] for line in conffiles.splitlines())
    scripts = {key: text.encode() for key, text in content.scripts.items()}
    return files | {f"{name}.{key}": data for key, data in sorted({**metadata, **scripts}.items())}


def _sums(each: Have, entries: Iterable[Entry]) -> list[str]:
    """As dpkg makes them of a package that has none."""
    conffiles = {path.lstrip("/") for path in each.content.configuration}
    files = (entry for entry in entries if entry.kind == FILE and entry.path not in conffiles)
    return [f"{_md5(entry)}  {entry.path}" for entry in files]


def _dpkg_record(each: Have) -> str:
    record, conffiles = each.content.record.decode(errors="replace").strip(), _conffiles(each)
    own = f"Conffiles:\n{conffiles}" if conffiles else ""
    return f"{record}\nStatus: install ok installed\n{own}\n"


def _conffiles(each: Have) -> str:
    """Of each configuration file the digest that it was delivered with."""
    entries = {entry.path: entry for entry in each.content.entries}
    found = [(path, entries.get(path.lstrip("/"))) for path in each.content.configuration]
    return "".join(f" {path} {_md5(entry)}\n" for path, entry in found if entry)


def _md5(entry: Entry) -> str:
    found = hashlib.md5(usedforsecurity=False)
    if entry.source:
        with open(entry.source, "rb") as file:
            while piece := file.read(1 << 20):
                found.update(piece)
    return found.hexdigest()


def _dpkg_diversions(root: Root) -> None:
    lines = [
        line
        for path, (target, package) in sorted(root.diverted.items())
        for line in (f"/{path}", f"/{target}", package or ":")
    ]
    root.write(f"{_DPKG}/diversions", _lines(lines))
    root.write(f"{_DPKG}/statoverride", _lines(root.overrides))


def _dpkg_alternatives(root: Root) -> None:
    """What update-alternatives has for each name (its source, lib/dpkg: write_alternatives)."""
    for name, known in sorted(root.alternatives.items()):
        slaves = sorted(known.slaves.items())
        lines = ["auto", known.link, *(line for slave, link in slaves for line in (slave, link)), ""]
        for path, (priority, targets) in sorted(known.choices.items()):
            lines += [path, str(priority), *(targets.get(slave, "") for slave, _ in slaves)]
        root.write(f"{_DPKG}/alternatives/{name}", _lines([*lines, ""]))


def _dpkg_triggers(root: Root, have: Sequence[Have]) -> None:
    """Who wants to know of which files and events (deb-triggers)."""
    files = (root.content(f"{_DPKG}/triggers/File") or b"").decode().splitlines()
    for each in have:
        for line in each.content.metadata.get("triggers", b"").decode(errors="replace").splitlines():
            kind, _, name = line.strip().partition(" ")
            if kind not in ("interest", "interest-await", "interest-noawait"):
                continue
            who = _dpkg_name(each) + ("/noawait" if kind == "interest-noawait" else "")
            if name.startswith("/"):
                files.append(f"{name.strip()} {who}")
            else:
                path = f"{_DPKG}/triggers/{name.strip()}"
                root.write(path, (root.content(path) or b"") + f"{who}\n".encode())
    root.write(f"{_DPKG}/triggers/File", _lines(files))
    root.write(f"{_DPKG}/triggers/Unincorp", b"")


def _apt_states(root: Root, have: Sequence[Have], asked: Asked) -> None:
    """Which packages are there only because others need them: `apt autoremove` asks."""
    path = "var/lib/apt/extended_states"
    states = (root.content(path) or b"").decode()
    for package in (each.package for each in have if not asked(each.package)):
        states += f"Package: {package.name}\nArchitecture: {package.architecture}\nAuto-Installed: 1\n\n"
    root.write(path, states.encode())


def _dpkg_excludes(exclude: Iterable[str]) -> bytes:
    """dpkg's own words for it, so that packages that are installed later look the same."""
    return _lines(
        f"path-include={text[1:].replace('**', '*')}"
        if text.startswith("!")
        else f"path-exclude={text.replace('**', '*')}"
        for text in exclude
    )


def _opkg(root: Root, have: Sequence[Have], groups: Mapping[str, Group], about: About) -> None:
    status = (root.content(f"{_OPKG}/status") or b"").decode()
    for each in have:
        package, group = each.package, groups[each.package.source]
        record = each.content.record.decode(errors="replace").strip() + "\n"
        listed = _lines(_opkg_line(entry) for entry in about.kept.of(each.content.entries))
        files = {"control": record.encode(), "list": listed}
        files |= {name: text.encode() for name, text in each.content.scripts.items()}
        if conffiles := _conffiles(each):
            files["conffiles"] = _lines(line.split()[0] for line in conffiles.splitlines())
        for name, data in sorted(files.items()):
            mode = 0o755 if name in _SCRIPTS else 0o644
            _put(root, group, f"{_OPKG}/info/{package.name}.{name}", data, mode)
        status += _opkg_record(each, asked=about.asked(package))
    root.write(f"{_OPKG}/status", status.encode())
    root.write(f"{_OPKG}/lock", b"", 0o600)


def _opkg_line(entry: Entry) -> str:
    kinds = {FILE: 0o100000, HARDLINK: 0o100000, SYMLINK: 0o120000, DIRECTORY: 0o40000}
    mode = kinds.get(entry.kind, 0) | entry.mode
    link = f"\t{entry.link}" if entry.kind == SYMLINK else ""
    return f"/{entry.path}\t{mode:07o}{link}"


_OPKG_FIELDS = ("Version", "Depends", "Recommends", "Provides", "Conflicts", "Replaces")


def _opkg_record(each: Have, *, asked: bool) -> str:
    lines, taking = [f"Package: {each.package.name}"], False
    for line in each.content.record.decode(errors="replace").strip().splitlines():
        taking = line.partition(":")[0] in _OPKG_FIELDS if not line[:1].isspace() else taking
        lines += [line] if taking else []
    lines += [
        f"Status: install {'user' if asked else 'ok'} installed",
        f"Architecture: {each.package.architecture}",
    ]
    conffiles = _conffiles(each)
    lines += [f"Conffiles:\n{conffiles}".rstrip("\n")] if conffiles else []
    lines += ["Installed-Time: 0", *([] if asked else ["Auto-Installed: yes"])]
    return "\n".join(lines) + "\n\n"


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _rpm(root: Root, have: Sequence[Have], groups: Mapping[str, Group], about: About) -> None:  # noqa: ARG001  one file
    rpmdb.write(root, have, about.kept, about.platform, about.time)


_WRITERS = {"deb": _dpkg, "ipk": _opkg, "rpm": _rpm}
