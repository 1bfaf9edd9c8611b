"""Puts groups of files in order: what every image needs below, layer rules, the spec's own files on top."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from sdk_hooks.core.files import users
from sdk_hooks.core.files.fileset import DIRECTORY, FILE, HARDLINK, SYMLINK, Entry, Group, Merged, directory
from sdk_hooks.core.spec.model import File, LayerRule, Spec
from sdk_hooks.errors import SdkError, did_you_mean

_PASSWD = b"root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"
_GROUP = b"root:x:0:\nnonroot:x:65532:\n"


def foundation() -> Group:
    """What programs expect of any root: users to look up, and a /tmp."""
    group = Group("base-files", comment="users, groups, /tmp")
    group.add(
        [
            directory("etc"),
            Entry("etc/group", FILE, 0o644, size=len(_GROUP), data=_GROUP),
            Entry("etc/passwd", FILE, 0o644, size=len(_PASSWD), data=_PASSWD),
            directory("tmp", 0o1777),
        ]
    )
    return group


def split(groups: Sequence[Group], rules: Sequence[LayerRule]) -> list[Group]:
    """Give each rule's files a group of their own, below the top group and in the order of the rules.

    :raises SdkError: When a rule matches nothing.
    """
    if not rules or not groups:
        return list(groups)
    *below, top = groups
    taken = []
    for rule in rules:
        own = Group(rule.name, comment="layers of container.yaml")
        patterns = [glob(pattern) for pattern in rule.paths]
        for group in groups:
            found = _taken(group, patterns)
            own.add(found)
            for entry in found:
                del group.entries[entry.path]
        if not own.entries:
            raise SdkError(
                f"layer {rule.name!r} of container.yaml matches no file",
                detail=f"paths: {', '.join(rule.paths)}",
                hint="correct or remove it: layers: in container.yaml",
                code="empty-layer",
            )
        taken.append(own)
    return [*below, *taken, top]


def glob(pattern: str) -> re.Pattern[str]:
    """*pattern* as a regular expression: `*` and `?` stay in a directory, `**` crosses them."""
    text = pattern.lstrip("/")
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", text)
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meaning.get(part, re.escape(part)) for part in parts))


def configuration(spec: Spec, merged: Merged, user: str) -> Group:
    """The spec's own files, and the directories that its volumes and its workdir need.

    :param merged: The image so far, to look names of users up in.
    :param user: Who the container runs as: owns the volumes.
    """
    group = Group("configuration", comment="files of container.yaml")
    uid, gid = owner(user, merged)
    for volume in spec.volumes or ():
        _missing_directory(volume.target, uid, gid, merged, group)
    if spec.workdir:
        _missing_directory(spec.workdir, 0, 0, merged, group)
    for file in spec.files or ():
        entries = _file(file, *owner(file.owner, merged))
        _fits(file, entries[:1], merged, group)
        group.add(entries)
    return group


def _fits(file: File, entries: Sequence[Entry], merged: Merged, group: Group) -> None:
    """Refuse a file where a directory is, or below a file: tar would not unpack it."""
    for entry in entries:
        path = merged.real(entry.path)
        for place in (path, *(str(parent) for parent in PurePosixPath(path).parents)):
            there = group.entries.get(place) or merged.entries.get(place)
            wants = entry.kind if place == path else DIRECTORY
            if there and there.kind != SYMLINK and (there.kind == DIRECTORY) != (wants == DIRECTORY):
                what = "a directory" if there.kind == DIRECTORY else "no directory"
                raise SdkError(
                    f"files: {file.target!r} can't be in the image",
                    detail=f"'/{place}' is {what}",
                    hint="give another target in container.yaml",
                    code="bad-spec",
                )


def owner(text: str, merged: Merged) -> tuple[int, int]:
    """User and group of `user[:group]`, names looked up in the image's own files.

    :raises SdkError: When the image does not know a name.
    """
    return users.numbers(text, *(_text(merged.entries.get(path)) for path in ("etc/passwd", "etc/group")))


def _text(entry: Entry | None) -> str:
    if entry is None:
        return ""
    if entry.source:
        with open(entry.source, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    return entry.data.decode(errors="replace")


def _file(file: File, uid: int, gid: int) -> list[Entry]:
    path = os.path.normpath(file.target).lstrip("/")
    if file.content is not None:
        data = file.content.encode()
        mode = 0o644 if file.mode is None else file.mode
        return [Entry(path, FILE, mode, uid, gid, len(data), data=data)]
    try:
        status = os.stat(file.source)
    except OSError as error:
        what = f"can't read {file.source!r}, a file of container.yaml"
        hint = "make it, or correct source: in files:"
        raise SdkError(what, detail=error.strerror or "", hint=hint, code="no-file") from error
    if os.path.isdir(file.source):
        return _directory(file, path, uid, gid)
    mode = (0o755 if status.st_mode & 0o111 else 0o644) if file.mode is None else file.mode
    stamp = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
    made = Entry(path, FILE, mode, uid, gid, status.st_size, int(status.st_mtime), source=file.source)
    return [made._replace(stamp=stamp)]


def _directory(file: File, path: str, uid: int, gid: int) -> list[Entry]:
    from sdk_hooks.core.files import scan

    below = f"{path}/" if path else ""
    inner = [e._replace(path=below + e.path, uid=uid, gid=gid) for e in scan.tree(file.source)]
    inner = [e._replace(link=below + e.link) if e.kind == HARDLINK else e for e in inner]
    return [directory(path, 0o755, uid, gid), *inner] if path else inner


def _missing_directory(path: str, uid: int, gid: int, merged: Merged, group: Group) -> None:
    inner = merged.real(os.path.normpath(path).lstrip("/"))
    if inner and inner not in merged.entries and inner not in group.entries:
        group.add([directory(inner, 0o755, uid, gid)])


def _taken(group: Group, patterns: Sequence[re.Pattern[str]]) -> list[Entry]:
    """The files of *group* that *patterns* match, with all their names: no layer can link to one above."""
    files = [entry for entry in group.entries.values() if entry.kind != DIRECTORY]
    wanted = {_first_name(e) for e in files if any(pattern.fullmatch(e.path) for pattern in patterns)}
    return [entry for entry in files if _first_name(entry) in wanted]


def _first_name(entry: Entry) -> str:
    return entry.link if entry.kind == HARDLINK else entry.path


def entrypoint(name: str, groups: Sequence[Group]) -> tuple[str, ...]:
    """The program to run when nobody said: the one that has the image's name, or the only one there is.

    :raises SdkError: When that is not clear.
    """
    # what scripts of packages made comes above them, and is nobody's program
    application = next((group for group in reversed(groups) if group.components), [Group(""), *groups][-1])
    found = _programs(application.entries)
    own = [path for path in found if os.path.basename(path) == name]
    if not own:  # it may be out of a package below
        every = {path for group in groups for path in _programs(group.entries)}
        own = sorted(path for path in every if os.path.basename(path) == name)
    if len(own) == 1 or len(found) == 1:
        return ("/" + (own or found)[0],)
    raise SdkError(
        f"which program {name!r} is to run is not clear",
        detail=f"programs: {', '.join('/' + path for path in found[:10]) or 'none'}",
        hint="say it: --entrypoint /path/to/program, or entrypoint: in container.yaml",
        code="no-entrypoint",
    )


def check_program(program: str, spec: Spec, merged: Merged) -> None:
    """Refuse a program that the image does not have, unless a volume may bring it.

    :raises SdkError: Naming it.
    """
    path = merged.real(os.path.normpath(program).lstrip("/"))
    volumes = tuple(volume.target.lstrip("/") + "/" for volume in spec.volumes or ())
    if program.startswith("/") and path not in merged.entries and not path.startswith(volumes):
        message = f"the image is to run {program!r}, and it has no such file"
        near = did_you_mean(program, [f"/{known}" for known in merged.entries])
        raise SdkError(message, hint=near, code="no-program")


def _programs(entries: Mapping[str, Entry]) -> list[str]:
    return sorted(
        path
        for path, entry in entries.items()
        if entry.mode & 0o111 and entry.kind != DIRECTORY and path.split("/")[-2:-1] in (["bin"], ["sbin"])
    )
