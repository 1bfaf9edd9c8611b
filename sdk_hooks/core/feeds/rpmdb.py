"""rpm's database of an image: where it is, and what it has of the packages."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence

from sdk_hooks.core.feeds.paths import Paths
from sdk_hooks.core.feeds.store import Have
from sdk_hooks.core.rpm import sqlite, stored
from sdk_hooks.core.rpm.header import Header
from sdk_hooks.core.rpm.package import HEADER, SIGNATURES
from sdk_hooks.core.rpm.payload import files
from sdk_hooks.core.scripts.root import Root
from sdk_hooks.errors import SdkError
from sdk_hooks.packages import Package
from sdk_hooks.target import Platform

USUAL, OF_USR = "var/lib/rpm", "usr/lib/sysimage/rpm"
"""Where rpm has it if nobody says otherwise, as in OE; and where distributions have it that say so."""
_SAYING = ("fedora", "opensuse", "suse")
_MACROS = ("usr/lib/rpm/macros", "etc/rpm/macros")
_DBPATH = re.compile(r"^%_dbpath[ \t]+(\S+)[ \t]*$", re.MULTILINE)
_PREFIXES = {"%{_var}": "/var", "%{_usr}": "/usr", "%{_prefix}": "/usr", "%{_localstatedir}": "/var"}
_OTHERS = {"Packages.db": "ndb", "Packages": "Berkeley DB"}
_BIG_ENDIAN = ("s390x", "ppc64", "ppc", "mips", "mips64", "sparc64", "armbe", "arm64be")


def write(root: Root, have: Sequence[Have], kept: Paths, platform: Platform, time: int) -> None:
    """Add the packages *have* to the database, which a base image may have.

    :param time: When they were installed, seconds since 1970.
    :raises SdkError: When it is of another kind, or damaged.
    """
    place = _place(root, [each.package for each in have])
    there = _there(root, place)
    blobs = [_blob(each, kept, time) for each in have]
    try:
        made = sqlite.written(sqlite.added(there, blobs), big_endian=platform.architecture in _BIG_ENDIAN)
    except ValueError as error:
        raise _damaged(place, error) from error
    root.write(f"{place}/{sqlite.NAME}", made)
    for name in sqlite.BESIDE:
        if root.find(f"{place}/{name}", follow=False):
            root.remove(root.inner(f"{place}/{name}"))


def _place(root: Root, packages: Iterable[Package]) -> str:
    """Where it is in the image: as it has one, as its rpm is told, or as the packages' distribution does it.

    :raises SdkError: When it has one that can't be written.
    """
    for place in (OF_USR, USUAL):
        if root.find(f"{place}/{sqlite.NAME}"):
            return place
        other = next((name for name in _OTHERS if root.find(f"{place}/{name}")), "")
        if other:
            raise SdkError(
                f"the base image has an rpm database of {_OTHERS[other]}, which can't be added to",
                detail=f"it is '/{place}/{other}'",
                hint="let its own rpm convert it: rpmdb --rebuilddb --define '_db_backend sqlite'; "
                "or leave out --package-database",
                code="other-package-database",
            )
    said = _said(root)
    return said or (OF_USR if any(each.vendor in _SAYING for each in packages) else USUAL)


def _said(root: Root) -> str:
    """What the macros of the image's rpm say, the last word counting; empty when they say nothing clear."""
    text = b"\n".join(root.content(macros) or b"" for macros in _MACROS).decode(errors="replace")
    path = next(reversed(_DBPATH.findall(text)), "")
    for prefix, meant in _PREFIXES.items():
        path = path.replace(prefix, meant)
    return posixpath.normpath(path).strip("/") if path.startswith("/") and "%" not in path else ""


def _there(root: Root, place: str) -> sqlite.Packages:
    found = {name: content for name in sqlite.READ if (content := root.content(f"{place}/{name}"))}
    if sqlite.NAME not in found:
        return sqlite.Packages({}, 0)
    try:
        return sqlite.read(found)
    except ValueError as error:
        raise _damaged(place, error) from error


def _damaged(place: str, why: ValueError) -> SdkError:
    return SdkError(
        f"the rpm database '/{place}/{sqlite.NAME}' of the base image is damaged",
        detail=str(why),
        hint="take another base image, or leave out --package-database",
        code="damaged-package-database",
    )


def _blob(each: Have, kept: Paths, time: int) -> bytes:
    header, signatures = (Header(each.content.metadata[name]) for name in (HEADER, SIGNATURES))
    there = {entry.path for entry in kept.of(each.content.entries)}
    left_out = {entry.path for entry in each.content.entries} - there
    try:
        states = bytes(
            stored.NOT_INSTALLED if file.path.strip("/") in left_out else stored.NORMAL
            for file in files(header)
        )
        return stored.blob(header, signatures, stored.Installed(states, time))
    except ValueError as error:
        raise SdkError(
            f"rpm's database can't have the package {each.package.name!r}",
            detail=str(error),
            hint="build it again with a newer rpm, or leave out --package-database",
            code="no-package-database",
        ) from error
