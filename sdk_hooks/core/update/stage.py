"""Lets devtool's own sdk-update work on a copy of the SDK's layers and configuration, not on the SDK."""

from __future__ import annotations

import configparser
import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from sdk_hooks.core.update import swap
from sdk_hooks.core.update.swap import Pair
from sdk_hooks.errors import SdkError

MANIFEST = "conf/sdk-conf-manifest"
LOCKED = "conf/locked-sigs.inc"
OURS = ("conf/unlocked-sigs.inc", "conf/devtool.conf")
"""Files that devtool itself writes to, and that the server has as they were at first."""
PREFIX = "sdk-"
"""How directories begin that updated parts are made in, and old ones are kept in."""
_PARTS = ("layers", "conf", "downloads/uninative")
"""All that stock sdk-update changes, beside what BitBake makes."""

Stock = Callable[[str], int]
"""devtool's own sdk-update of the SDK in a directory, without the preparation; gives its exit status."""


def manifest(text: str) -> dict[str, str]:
    """Digest of each file that `sdk-conf-manifest` lists, by its path below the SDK."""
    return {words[1]: words[0] for words in map(str.split, text.splitlines()) if len(words) > 1}


def edited(base: Path) -> list[str]:
    """Files of the SDK's configuration that are not as they were installed.

    :raises SdkError: When the SDK has no manifest of them.
    """
    listed = manifest(read(base / MANIFEST))
    return sorted(name for name, digest in listed.items() if _digest(base / name) not in (digest, ""))


def stage(base: Path, directory: Path, stock: Stock) -> list[Pair]:
    """Make the updated layers and configuration in *directory*; gives what is to be exchanged.

    :raises SdkError: When stock sdk-update fails; the SDK is what it was.
    """
    for part in _PARTS:
        if (base / part).is_dir():
            shutil.copytree(base / part, directory / part, symlinks=True, ignore=_rubbish)
    (directory / "workspace").symlink_to(base / "workspace")  # bblayers.conf names it
    (directory / ".devtoolbase").touch()
    status = stock(str(directory))
    if status:
        raise SdkError(
            "devtool's own sdk-update has failed",
            detail="what it says is above; nothing has changed",
            hint="is the update server right, and up?",
            code="sdk-update-failed",
        )
    _complete(directory)
    _keep_ours(base, directory)
    for name in os.listdir(directory):  # what BitBake has made to read it
        if name not in {part.partition("/")[0] for part in _PARTS}:
            _remove(directory / name)
    return [
        swap.pair(base / part, directory / part)
        for part in _PARTS
        if (directory / part).is_dir() and not _same(base / part, directory / part)
    ]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _rubbish(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "__pycache__"]


def _complete(directory: Path) -> None:
    """Refuse a configuration of which one file is another generation's: the server was being updated."""
    wrong = edited(directory)
    if wrong:
        raise SdkError(
            "the update server was changed while it was read",
            detail=f"not as its manifest says: {', '.join(wrong)}",
            hint="try again",
            code="changed-while-reading",
        )


def _keep_ours(base: Path, directory: Path) -> None:
    """Take over what was written into the old configuration where the server has nothing new; and devtool's.

    Stock sdk-update replaces every file that is not as it was installed: a bblayers.conf with a layer more.
    """
    before, after = (manifest(read(each / MANIFEST)) for each in (base, directory))
    unlocked, settings = OURS
    for name in edited(base):
        if not (base / name).exists():
            continue
        if name == unlocked or before[name] == after.get(name):
            shutil.copy2(base / name, directory / name)
        elif name == settings:
            text = settings_of(read(base / name), read(directory / name))
            (directory / name).write_text(text)


def settings_of(old: str, new: str) -> str:
    """*new*, a devtool.conf, with those settings of *old* that it does not have."""
    made, before = (configparser.ConfigParser(interpolation=None) for _ in range(2))
    made.read_string(new)
    before.read_string(old)
    for section in before.sections():
        if not made.has_section(section):
            made.add_section(section)
        for key, value in before.items(section, raw=True):
            if not made.has_option(section, key):
                made.set(section, key, value)
    out = io.StringIO()
    made.write(out)
    return out.getvalue()


def read(path: Path) -> str:
    """Text of a file that every SDK has.

    :raises SdkError: When it is not there.
    """
    try:
        return path.read_text()
    except OSError as error:
        raise SdkError(
            f"can't read '{path}'", detail=error.strerror or "", hint="is this an eSDK?", code="no-sdk"
        ) from error


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def _same(one: Path, other: Path) -> bool:
    """Whether both directories have the same files, git's own and Python's caches left out."""
    return one.is_dir() and dict(_files(one)) == dict(_files(other))


def _files(top: Path) -> Iterator[tuple[str, str]]:
    for folder, directories, names in os.walk(top):
        directories[:] = [name for name in directories if name not in (".git", "__pycache__")]
        for name in names:
            path = Path(folder, name)
            yield str(path.relative_to(top)), os.readlink(path) if path.is_symlink() else _digest(path)


def size(base: Path) -> int:
    """Bytes that a copy of what is updated takes."""
    return sum(
        os.lstat(os.path.join(folder, name)).st_size
        for part in _PARTS
        for folder, _, names in os.walk(base / part)
        for name in names
    )
