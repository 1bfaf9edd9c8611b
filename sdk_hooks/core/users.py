"""Numbers of users and groups by name, from an image's own /etc/passwd and /etc/group."""

from __future__ import annotations

import os
import tarfile

from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image


def numbers(text: str, passwd: str, group: str) -> tuple[int, int]:
    """User and group of `user[:group]`, each a number or a name.

    :param passwd: Content of /etc/passwd.
    :param group: Content of /etc/group.
    :raises SdkError: When the image does not know a name.
    """
    user, _, own = text.partition(":")
    row = _row(user, passwd, "user", 2)
    uid = int(row[2]) if row else int(user)
    gid = int(row[3]) if row and row[3:] and row[3].isdecimal() else (uid if not row else 0)
    if not own:
        return uid, gid
    row = _row(own, group, "group", 2)
    return uid, int(row[2]) if row else int(own)


def of_image(image: Image, text: str) -> tuple[int, int]:
    """User and group of `user[:group]` in *image*; root when nobody is named.

    :raises SdkError: When the image does not know a name.
    """
    if not text:
        return 0, 0
    if all(part.isdecimal() for part in text.split(":")):
        return numbers(text, "", "")
    return numbers(text, _content(image, "etc/passwd"), _content(image, "etc/group"))


def _row(name: str, table: str, what: str, column: int) -> list[str]:
    """The line of *name*; empty for a number."""
    if name.isdecimal():
        return []
    for line in table.splitlines():
        fields = line.split(":")
        if fields[0] == name and len(fields) > column and fields[column].isdecimal():
            return fields
    raise SdkError(
        f"the image has no {what} {name!r}",
        hint=f"give the {what}'s number, or a recipe or base image that makes the {what}",
        code="unknown-user",
    )


def _content(image: Image, path: str) -> str:
    """The text file *path*, from the topmost layer that has it."""
    for layer in reversed(image.layers):
        with tarfile.open(image.blob(layer), "r:") as archive:
            for member in archive:
                if os.path.normpath(member.name) == path and member.isreg():
                    stream = archive.extractfile(member)
                    return stream.read().decode(errors="replace") if stream else ""
    return ""
