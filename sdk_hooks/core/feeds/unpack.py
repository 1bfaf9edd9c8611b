"""Unpacks packages into the cache, files by number: no name out of a package is ever one here."""

from __future__ import annotations

import contextlib
import marshal
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sdk_hooks.core.feeds.index import damaged
from sdk_hooks.core.files.fileset import FILE, HARDLINK, SYMLINK, Entry
from sdk_hooks.core.plain import DAMAGED, is_damage
from sdk_hooks.packages import Member, Opened, PackageFormat, Signed

_VERSION = "facts-4"
"""The name of the file that tells of the others: no number, as theirs are."""


@dataclass(frozen=True)
class Unpacked:
    """A package's content."""

    record: bytes
    scripts: Mapping[str, str]
    configuration: Sequence[str]
    metadata: Mapping[str, bytes]
    entries: Sequence[Entry]
    owners: Mapping[str, tuple[str, str]]
    """User and group by name of what is not root's, by path: the numbers are of whoever built it."""
    signed: Signed | None


def read(directory: Path) -> Unpacked | None:
    """What `unpack` has put into *directory*, None when it has not."""
    try:
        raw = marshal.loads((directory / _VERSION).read_bytes())  # noqa: S302  our own file
        os.utime(directory)
    except (OSError, ValueError, EOFError, TypeError):
        return None
    record, scripts, configuration, metadata, entries, owners, signed = raw
    # what is there is known by the package's digest, and never changes
    identity = int(directory.name.rpartition("-")[2][:15], 16)
    made = [
        Entry(*entry)._replace(source=f"{directory}/{number}", stamp=(identity, number, 0, 0))
        if entry[1] == FILE and number
        else Entry(*entry)
        for number, entry in entries
    ]
    return Unpacked(
        record, scripts, configuration, metadata, made, owners, Signed(*signed) if signed else None
    )


def unpack(form: PackageFormat, file: Path, directory: Path, name: str = "") -> None:
    """Unpack the package *file* into *directory*, which is there only when all of it is.

    :param name: What people know the file by, where it is not its own.
    :raises SdkError: When it is damaged, or has what no package may have.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=directory.parent))
    try:
        with open(file, "rb") as stream, form.opened(stream) as opened:
            _write(opened, fresh)
        _move(fresh, directory)
    except DAMAGED as error:
        if not is_damage(error):
            raise
        raise damaged(name or str(file), error) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _move(fresh: Path, directory: Path) -> None:
    """Let *fresh* be *directory*, unless another process was faster."""
    if directory.is_dir() and read(directory) is None:  # of an older version, or damaged
        with contextlib.suppress(FileNotFoundError):
            os.rename(directory, f"{fresh}-old")
        shutil.rmtree(f"{fresh}-old", ignore_errors=True)
    try:
        os.rename(fresh, directory)
    except OSError:
        if not directory.is_dir():
            raise


def _write(opened: Opened, fresh: Path) -> None:
    entries: list[tuple[int, tuple[object, ...]]] = []
    owners: dict[str, tuple[str, str]] = {}
    for number, member in enumerate(opened.members, 1):
        entry = _entry(member)
        if not entry.path:
            continue
        has_content = entry.kind == FILE and entry.size
        if has_content:
            _copy(member.content, fresh / str(number), entry.size)
        entries.append((number if has_content else 0, tuple(entry)))
        if (member.user, member.group) not in (("root", "root"), ("", "")):
            owners[entry.path] = (member.user, member.group)
    facts = (
        opened.record,
        dict(opened.scripts),
        list(opened.configuration),
        dict(opened.metadata),
        entries,
        owners,
        tuple(opened.signed) if opened.signed else None,
    )
    (fresh / _VERSION).write_bytes(marshal.dumps(facts))


def _copy(content: IO[bytes] | None, path: Path, size: int) -> None:
    if content is None:
        raise ValueError("a file has no content")
    with open(path, "wb") as file:
        shutil.copyfileobj(content, file, 1 << 20)
        if file.tell() != size:
            raise ValueError("it is cut off")


def _entry(member: Member) -> Entry:
    """
    :raises ValueError: When it could reach something outside of the image.
    """
    return Entry(
        _inside(member.path),
        member.kind,
        0o777 if member.kind == SYMLINK else member.mode,
        member.uid,
        member.gid,
        member.size if member.kind == FILE else 0,
        member.mtime,
        _inside(member.link) if member.kind == HARDLINK else member.link,
        device=member.device,
        xattrs=member.xattrs,
    )


def _inside(name: str) -> str:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts:
        raise ValueError(f"{name!r} leads out of the image")
    return "/".join(parts)
