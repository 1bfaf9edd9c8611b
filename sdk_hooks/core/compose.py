"""Puts groups of files in order: what every image needs below, layer rules, the spec's own files on top."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

from sdk_hooks.core import users
from sdk_hooks.core.fileset import DIRECTORY, FILE, Entry, Group, Merged, directory
from sdk_hooks.core.spec.model import File, LayerRule, Spec
from sdk_hooks.errors import SdkError

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
            found = [e for e in group.entries.values() if _matches(e, patterns)]
            own.add(found)
            for entry in found:
                del group.entries[entry.path]
        if not own.entries:
            raise SdkError(
                f"layer {rule.name!r} of container.yaml matches no file",
                detail=f"paths: {', '.join(rule.paths)}",
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
        group.add(_file(file, *owner(file.owner, merged)))
    return group


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
        return [Entry(path, FILE, file.mode or 0o644, uid, gid, len(data), data=data)]
    try:
        status = os.stat(file.source)
    except OSError as error:
        raise SdkError(
            f"can't read {file.source!r}, a file of container.yaml", detail=error.strerror or "", code="no-file"
        ) from error
    if os.path.isdir(file.source):
        return _directory(file, path, uid, gid)
    mode = (0o755 if status.st_mode & 0o111 else 0o644) if file.mode is None else file.mode
    stamp = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
    made = Entry(path, FILE, mode, uid, gid, status.st_size, int(status.st_mtime), source=file.source, stamp=stamp)
    return [made]


def _directory(file: File, path: str, uid: int, gid: int) -> list[Entry]:
    from sdk_hooks.core import scan

    inner = [e._replace(path=f"{path}/{e.path}", uid=uid, gid=gid) for e in scan.tree(file.source)]
    return [directory(path, 0o755, uid, gid), *inner]


def _missing_directory(path: str, uid: int, gid: int, merged: Merged, group: Group) -> None:
    inner = merged.real(os.path.normpath(path).lstrip("/"))
    if inner and inner not in merged.entries:
        group.add([directory(inner, 0o755, uid, gid)])


def _matches(entry: Entry, patterns: Sequence[re.Pattern[str]]) -> bool:
    return entry.kind != DIRECTORY and any(pattern.fullmatch(entry.path) for pattern in patterns)


def entrypoint(name: str, groups: Sequence[Group]) -> tuple[str, ...]:
    """The program to run when nobody said: the one that has the image's name, or the only one there is.

    :raises SdkError: When that is not clear.
    """
    found = _programs(groups[-1].entries) if groups else []
    own = [path for path in found if os.path.basename(path) == name]
    if len(own) == 1 or len(found) == 1:
        return ("/" + (own or found)[0],)
    raise SdkError(
        f"which program {name!r} is to run is not clear",
        detail=f"programs: {', '.join('/' + path for path in found[:10]) or 'none'}",
        hint="say it: --entrypoint /path/to/program, or entrypoint: in container.yaml",
        code="no-entrypoint",
    )


def _programs(entries: Mapping[str, Entry]) -> list[str]:
    return sorted(
        path
        for path, entry in entries.items()
        if entry.mode & 0o111 and entry.kind != DIRECTORY and os.path.dirname(path).endswith("bin")
    )
