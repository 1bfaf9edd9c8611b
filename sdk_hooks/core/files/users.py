"""Numbers of users and groups by name, from an image's own /etc/passwd and /etc/group."""

from __future__ import annotations

from collections.abc import Iterable

from sdk_hooks.core.files import contents
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image


def numbers(text: str, passwd: str, group: str) -> tuple[int, int]:
    """User and group of `user[:group]`, each a number or a name.

    :param passwd: Content of /etc/passwd.
    :param group: Content of /etc/group.
    :raises SdkError: When the image does not know a name.
    """
    user, _, own = text.partition(":")
    row = _row(user, passwd, "user")
    uid = int(row[2]) if row else int(user)
    if own:
        row = _row(own, group, "group")
        return uid, int(row[2]) if row else int(own)
    # as docker and podman have it: the group of /etc/passwd, and root's for who is not there
    return uid, int(row[3]) if row[3:] and row[3].isdecimal() else 0


def of_image(image: Image, text: str) -> tuple[int, int]:
    """User and group of `user[:group]` in *image*; root when nobody is named.

    :raises SdkError: When the image does not know a name.
    """
    if not text:
        return 0, 0
    if ":" in text and all(part.isdecimal() for part in text.split(":")):
        return numbers(text, "", "")
    return numbers(text, _content(image, "etc/passwd"), _content(image, "etc/group"))


def of_container(image: Image, said: str) -> tuple[int, int]:
    """Who a container of *image* runs as: *said*, else what the image says.

    :raises SdkError: When the image does not know a name.
    """
    return of_image(image, said or (image.config.get("config") or {}).get("User", ""))


def others(image: Image, said: str) -> tuple[int, ...]:
    """The groups that a container of *image* has besides its own: those that /etc/group has its user in.

    As with docker and podman there are none for whom a group is named, or whom /etc/passwd does not know.
    """
    text = said or (image.config.get("config") or {}).get("User", "")
    row = [] if not text or ":" in text else _row(text, _content(image, "etc/passwd"), "user")
    if not row:
        return ()
    lines = (line.split(":") for line in _content(image, "etc/group").splitlines())
    found = {int(g[2]) for g in lines if len(g) > 3 and g[2].isdecimal() and row[0] in g[3].split(",")}
    return tuple(sorted(found))


def groups(image: Image, names: Iterable[str]) -> tuple[int, ...]:
    """The numbers of the groups *names*, each a number or a name, in *image*.

    :raises SdkError: When the image does not know a name.
    """
    listed = tuple(names)
    table = "" if all(name.isdecimal() for name in listed) else _content(image, "etc/group")
    return tuple(
        sorted({int(name if name.isdecimal() else _row(name, table, "group")[2]) for name in listed})
    )


def _row(name: str, table: str, what: str) -> list[str]:
    """The line of *name*; empty for a number that has none."""
    number = name.isdecimal()
    for line in table.splitlines():
        fields = line.split(":")
        if len(fields) > 2 and fields[2].isdecimal() and name == fields[2 if number else 0]:
            return fields
    if number:
        return []
    raise SdkError(
        f"the image has no {what} {name!r}",
        hint=f"give the {what}'s number, or a recipe or base image that makes the {what}",
        code="unknown-user",
    )


def _content(image: Image, path: str) -> str:
    """The text file *path*, from the topmost layer that has it."""
    for layer in reversed(image.layers):
        for entry in contents.read(image.blob(layer)):
            if entry.path == path:
                return entry.data.decode(errors="replace")
    return ""
