"""Reads a directory into entries, without letting the host user's identity or umask into the image."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from sdk_hooks.core.files.fileset import BLOCK, CHARACTER, DIRECTORY, FIFO, FILE, HARDLINK, SYMLINK, Entry
from sdk_hooks.errors import SdkError

_KINDS = {
    stat.S_IFREG: FILE,
    stat.S_IFLNK: SYMLINK,
    stat.S_IFDIR: DIRECTORY,
    stat.S_IFCHR: CHARACTER,
    stat.S_IFBLK: BLOCK,
    stat.S_IFIFO: FIFO,
}
# Everything else says something about this machine (SELinux, ACLs of a build directory), not of the image.
_XATTRS = ("security.capability", "user.")


def entry(source: str, path: str, status: os.stat_result) -> Entry | None:
    """The entry for the file at *source*; None for a socket, which no image can have."""
    mode = status.st_mode
    kind = _KINDS.get(stat.S_IFMT(mode))
    if kind is None:
        return None
    is_file = kind == FILE
    is_device = kind in (CHARACTER, BLOCK)
    return Entry(
        path,
        kind,
        stat.S_IMODE(mode),
        status.st_uid,
        status.st_gid,
        status.st_size if is_file else 0,
        int(status.st_mtime),
        os.readlink(source) if kind == SYMLINK else "",
        source if is_file else "",
        b"",
        (os.major(status.st_rdev), os.minor(status.st_rdev)) if is_device else (0, 0),
        _xattrs(source) if kind != SYMLINK else (),
        (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns),
    )


def tree(top: str, *, exact: bool = False) -> list[Entry]:
    """Every file below *top*, sorted by path.

    Owner and group of *top* itself, the user who unpacked or installed it, become root; others stay.

    :param exact: Under pseudo: owners and modes are what they are meant to be.

    :raises SdkError: When a part can't be read.
    """
    if exact:
        return _with_hardlinks(sorted(_walk(top, "")))
    owner = os.stat(top)
    entries = [
        found._replace(
            uid=0 if found.uid == owner.st_uid else found.uid,
            gid=0 if found.gid == owner.st_gid else found.gid,
        )
        for found in _walk(top, "")
    ]
    entries.sort()
    return _without_umask(_with_hardlinks(entries))


def _walk(top: str, prefix: str) -> Iterator[Entry]:
    try:
        with os.scandir(top) as found:
            children = list(found)
    except PermissionError as error:
        own = os.stat(top).st_uid == os.geteuid()
        hint = f"chmod u+rx {top}" if own else "give an install tree of your own: --from DIR"
        raise SdkError(
            f"can't read {top!r}", detail=error.strerror or "", hint=hint, code="unreadable"
        ) from error
    for child in children:
        path = prefix + child.name
        status = child.stat(follow_symlinks=False)
        made = entry(child.path, path, status)
        if made is None:
            continue
        yield made
        if made.kind == DIRECTORY:
            yield from _walk(child.path, path + "/")


def _with_hardlinks(entries: list[Entry]) -> list[Entry]:
    """Of the names of one file the first keeps the content, the others become links to it."""
    first: dict[tuple[int, ...], str] = {}
    out = []
    for found in entries:
        has_content = found.kind == FILE and found.size
        path = first.setdefault(found.stamp[:2], found.path) if has_content else found.path
        is_link = path != found.path
        out.append(found._replace(kind=HARDLINK, link=path, size=0, source="") if is_link else found)
    return out


def _without_umask(entries: list[Entry]) -> list[Entry]:
    """Undo what the umask of whoever made the tree did to its modes.

    umask 002 leaves group-writable files. umask 077 leaves nothing for group and others, and 027 nothing for
    others, on any directory: a tree in which some directory is open to them was not made that way, and keeps
    its private ones.
    """
    directories = [e.mode for e in entries if e.kind == DIRECTORY]
    files = [e.mode for e in entries if e.kind == FILE]
    shut = [shift for shift in (3, 6) if directories and not _any(directories, 0o700 >> shift)]
    shut_files = [shift for shift in shut if not _any(files, 0o700 >> shift)]
    return [_usual(e, shut if e.kind == DIRECTORY else shut_files) for e in entries]


def _any(modes: list[int], bits: int) -> bool:
    return any(mode & bits for mode in modes)


def _usual(found: Entry, shut: list[int]) -> Entry:
    """*found* with what its owner may do opened to those *shut* out: 3 for the group, 6 for others."""
    if found.kind not in (FILE, DIRECTORY, HARDLINK):
        return found._replace(mode=0o777) if found.kind == SYMLINK else found
    mode = found.mode
    for shift in shut:
        mode |= (mode & 0o500) >> shift
    if not mode & 0o3000:  # setgid and sticky directories are shared on purpose
        mode &= ~0o022
    return found if mode == found.mode else found._replace(mode=mode)


def _xattrs(source: str) -> tuple[tuple[str, bytes], ...]:
    try:
        names = [n for n in os.listxattr(source, follow_symlinks=False) if n.startswith(_XATTRS)]
        return tuple((name, os.getxattr(source, name, follow_symlinks=False)) for name in sorted(names))
    except OSError:  # a file system that has none, or a file that can't be read: that is said when it is
        return ()
