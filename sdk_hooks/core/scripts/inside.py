"""Runs a package's script over a copy of the image's files: `python3 -m sdk_hooks.core.scripts.inside DIR`.

Is a child of `real`, in namespaces of its own. Both ends speak marshal, and are the same Python.
"""

from __future__ import annotations

import ctypes
import hashlib
import marshal
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence

from sdk_hooks.core.files import scan
from sdk_hooks.core.files.fileset import BLOCK, CHARACTER, DIRECTORY, FILE, HARDLINK, SYMLINK, Entry

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
OURS = ("dev", "proc")
"""Directories that are mounted for the script: what is in them is no part of the image."""
_RIGHTS = (0, 1, 3, 4, 5, 6, 7, 8, 31)
"""Capabilities that it keeps: chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, setfcap."""
_PR_CAPBSET_DROP = 24
_LAST = 4000
"""Characters of what it printed that are told."""


def main() -> None:
    entries, argv, environment = marshal.load(sys.stdin.buffer)  # noqa: S302  from our own parent
    top = sys.argv[1]
    known = fill(top, [Entry(*raw) for raw in entries])
    mount(top)
    status, said = run(top, argv, environment)
    unmount(top)
    changed, removed = difference(top, known)
    answer = (status, said[-_LAST:], [tuple(entry) for entry in changed], removed)
    sys.stdout.buffer.write(marshal.dumps(answer))
    shutil.rmtree(top)  # outside of the namespace these may be other users' files


def fill(top: str, entries: Iterable[Entry]) -> dict[str, Entry]:
    """Make the files of *entries* below *top*; gives them as they look there, by path."""
    for entry in sorted(entries, key=lambda entry: (entry.kind == HARDLINK, entry.path)):
        place = f"{top}/{entry.path}"
        os.makedirs(os.path.dirname(place), exist_ok=True)
        _make(place, top, entry)
    return {entry.path: entry for entry in _scan(top)}


def _make(place: str, top: str, entry: Entry) -> None:
    if entry.kind == DIRECTORY:
        os.makedirs(place, exist_ok=True)
    elif entry.kind == SYMLINK:
        os.symlink(entry.link, place)
    elif entry.kind == HARDLINK:
        os.link(f"{top}/{entry.link}", place)
        return
    elif entry.kind == FILE:
        _copy(entry, place)
    else:
        return  # a FIFO, which nobody reads
    os.chown(place, entry.uid, entry.gid, follow_symlinks=False)
    if entry.kind != SYMLINK:
        os.chmod(place, entry.mode)
        for name, value in entry.xattrs:
            os.setxattr(place, name, value)


def _copy(entry: Entry, place: str) -> None:
    with open(place, "wb") as file:
        if entry.source:
            with open(entry.source, "rb") as source:
                while piece := source.read(1 << 20):
                    file.write(piece)
        else:
            file.write(entry.data)


def mount(top: str) -> None:
    """What programs expect: a few devices, and /proc."""
    for name in OURS:
        os.makedirs(f"{top}/{name}", exist_ok=True)
    for device in DEVICES:
        with open(f"{top}/dev/{device}", "w"):
            pass
        subprocess.run(("mount", "--bind", f"/dev/{device}", f"{top}/dev/{device}"), check=True)
    subprocess.run(("mount", "-t", "proc", "proc", f"{top}/proc"), check=True)


def unmount(top: str) -> None:
    for place in (*(f"dev/{device}" for device in DEVICES), "proc"):
        subprocess.run(("umount", "-l", f"{top}/{place}"), check=True)


def run(top: str, argv: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Run *argv* in *top*; its exit status, and what it printed."""
    try:
        done = subprocess.run(
            argv,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: _enter(top),
            check=False,
        )
    except OSError as error:  # what the #! line names is for another processor, or its loader is missing
        return 126, f"can't be started: {error.strerror}"
    return done.returncode, done.stdout.decode(errors="replace").strip()


def _enter(top: str) -> None:
    os.chroot(top)
    os.chdir("/")
    os.umask(0o022)
    libc = ctypes.CDLL(None)
    for capability in range(64):
        if capability not in _RIGHTS:
            libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # root without them can't leave a chroot


def difference(top: str, known: Mapping[str, Entry]) -> tuple[list[Entry], list[str]]:
    """Files that are new or were changed, with their content, and paths that are gone."""
    found = {entry.path: entry for entry in _scan(top)}
    changed = [entry for path, entry in found.items() if _facts(entry) != _facts(known.get(path))]
    return [_with_content(entry) for entry in changed], sorted(set(known) - set(found))


def _scan(top: str) -> list[Entry]:
    return [entry for entry in scan.tree(top, exact=True) if entry.path.partition("/")[0] not in OURS]


def _facts(entry: Entry | None) -> tuple[object, ...]:
    """What of a file can't be as it was when it was changed."""
    if entry is None or entry.kind in (CHARACTER, BLOCK):
        return ()
    stamp = entry.stamp[1:] if entry.kind in (FILE, HARDLINK) else ()
    return (*entry[:6], entry.link, entry.xattrs, stamp)


def _with_content(entry: Entry) -> Entry:
    if not entry.source:
        return entry._replace(stamp=())
    with open(entry.source, "rb") as file:
        data = file.read()
    number = int(hashlib.sha256(data).hexdigest()[:15], 16)
    return entry._replace(source="", data=data, size=len(data), stamp=(number,))


if __name__ == "__main__":
    main()
