"""Runs a package's script for real, over a copy of the image's files, in namespaces without a network."""

from __future__ import annotations

import contextlib
import marshal
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sdk_hooks.core.files.fileset import FILE, Entry
from sdk_hooks.core.scripts.inside import OURS
from sdk_hooks.core.scripts.root import Root
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Argv

_NEEDED = ("unshare", "mount")
_SHELL = "/bin/sh"
_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_PASSING = re.compile(r"tmp/|run/|var/(run|tmp)/|var/cache/(ldconfig|debconf)/|var/log/alternatives\.log$")
"""What scripts leave that is no part of an image, or another one each time."""


def run(
    root: Root,
    package: str,
    text: str,
    arguments: Sequence[str],
    variables: Mapping[str, str],
    *,
    place: str = "tmp/.package-script",
    beside: Mapping[str, bytes] = MappingProxyType({}),
) -> None:
    """Let a script of *package* do to *root* what it does when it is really run.

    Its own `#!` line says by which program of the image. It sees the image's files as root, no network, and
    no other processes.

    :param place: Where the script is while it runs.
    :param beside: The content of files that are there while it runs, by path.
    :raises SdkError: When nothing here can run it, or it fails; *root* is then as it was.
    """
    _check(root, package, text)
    place = root.inner(place)
    brought = [
        Entry(root.inner(path), FILE, 0o700, size=len(data), data=data)
        for path, data in {**beside, place: text.encode()}.items()
    ]
    passing = {entry.path for entry in brought}
    entries = [entry for entry in root.merged.entries.values() if _stays(entry, passing)]
    argv = (f"/{place}", *arguments) if text.startswith("#!") else (_SHELL, f"/{place}", *arguments)
    with tempfile.TemporaryDirectory(prefix="dtc-script-") as directory:
        os.chmod(directory, 0o755)  # noqa: S103  the script's users have to look in
        asked = marshal.dumps(([tuple(each) for each in (*entries, *brought)], argv, dict(variables)))
        done = subprocess.run(
            (*_namespaces(), sys.executable, "-m", "sdk_hooks.core.scripts.inside", f"{directory}/root"),
            input=asked,
            env=_environment(),
            capture_output=True,
            check=False,
        )
    if done.returncode:
        raise _failed(package, done.stderr.decode(errors="replace").strip()[-1000:])
    status, said, changed, removed = marshal.loads(done.stdout)  # noqa: S302  from our own child
    if status:
        raise _failed(package, f"exit status {status}: {said}")
    made = [entry._replace(mtime=0) for entry in map(_entry, changed) if _stays(entry, passing)]
    _refuse_keys(package, made)
    _take(root, made, [path for path in removed if path not in passing])


def _entry(raw: Sequence[Any]) -> Entry:
    return Entry(*raw)


def _stays(entry: Entry, passing: Collection[str]) -> bool:
    return entry.path not in passing and entry.path.partition("/")[0] not in OURS


def _take(root: Root, changed: Sequence[Entry], removed: Sequence[str]) -> None:
    for path in removed:
        root.remove(path)
    for entry in changed:
        if entry.path == "etc/machine-id" and entry.size:
            root.put(entry._replace(data=b"", size=0, stamp=()))  # each container makes its own
        elif not _PASSING.match(entry.path):
            root.put(entry)


def _refuse_keys(package: str, changed: Sequence[Entry]) -> None:
    """
    :raises SdkError: When a private key was made: everybody who has the image would have it.
    """
    keys = [entry.path for entry in changed if _KEY.search(entry.data)]
    if keys:
        raise SdkError(
            f"a script of the package {package!r} makes a private key",
            detail="\n".join(f"every container would have the same '/{path}'" for path in keys),
            hint=f"leave out --run-scripts {package}, and if need be --skip-scripts {package}: "
            "let the container make it when it first starts",
            code="script",
        )


def _check(root: Root, package: str, text: str) -> None:
    program = next(iter(text.partition("\n")[0][2:].split()), _SHELL) if text.startswith("#!") else _SHELL
    if not root.find(program):
        raise _failed(package, f"it is a program for {program!r}, which is not in the image")
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    if missing:
        raise _failed(package, f"{missing[0]} is not installed")
    unknown = next((e for e in root.merged.entries.values() if _unknown(e)), None)
    if unknown:
        raise _failed(
            package, f"of the base image only the names are known, not what is in '/{unknown.path}'"
        )


def _unknown(entry: Entry) -> bool:
    """Whether a base image has it, of which only headers were read."""
    return entry.kind == FILE and bool(entry.size) and not (entry.source or entry.data)


def _namespaces() -> Argv:
    own = ("unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child")
    if os.geteuid() == 0:
        return own
    return (*own, "--user", "--map-root-user", *(("--map-auto",) if _has_more_users() else ()))


def _has_more_users() -> bool:
    """Whether this user may give files to other users of a namespace of its own."""
    own = {str(os.getuid())}
    with contextlib.suppress(KeyError):  # a user without a name
        own.add(pwd.getpwuid(os.getuid()).pw_name)
    try:
        names = {line.partition(":")[0] for line in Path("/etc/subuid").read_text().splitlines()}
    except OSError:
        return False
    return shutil.which("newuidmap") is not None and bool(names & own)


def _environment() -> dict[str, str]:
    home = str(Path(__file__).resolve().parents[3])
    return {**os.environ, "PYTHONPATH": os.pathsep.join([home, *sys.path])}


def _failed(package: str, why: str) -> SdkError:
    return SdkError(
        f"can't run a script of the package {package!r}",
        detail=why,
        hint=f"if the container does without what it does: --skip-scripts {package}",
        code="script",
    )
