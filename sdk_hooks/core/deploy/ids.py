"""Users and groups of a container that an ordinary user's engine has no numbers for."""

from __future__ import annotations

from sdk_hooks.core.deploy import nested
from sdk_hooks.core.deploy.deployment import Deployment, Running
from sdk_hooks.core.files import contents
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image
from sdk_hooks.target import Target

_RANGE = 65536
_FIRST = 100_000


def check(member: Running, made: Deployment) -> None:
    """Refuse a container whose user, or owners of files, are not among the IDs that containers have there.

    :raises SdkError: With the first of them.
    """
    facts = nested.facts(made.stack, made.target)
    if facts.ids is None:
        return
    user, most = member.container.user, facts.ids
    odd = f"run as {user[0]}:{user[1]}" if user[0] >= most[0] or user[1] >= most[1] else ""
    odd = odd or _file(member.image, most)
    if not odd:
        return
    whose = f"{made.stack.name} of an ordinary user of {made.target.name!r}"
    raise SdkError(
        f"{whose} can't let {member.container.name!r} {odd}",
        detail=f"its containers have {_counted(most)}: what /etc/subuid and /etc/subgid give this login",
        hint=f"as root there: {_more(made.target)}; then as that user: {facts.enlarge}; or log in as root",
        code="no-ids",
    )


def _file(image: Image, most: tuple[int, int]) -> str:
    """What is said of the first file that has an owner for which there is no number."""
    if min(most) >= _RANGE:
        return ""  # whatever an image has that is made for containers
    for layer in image.layers:
        for entry in contents.read(image.blob(layer)):
            if entry.uid >= most[0] or entry.gid >= most[1]:
                return f"have the file '/{entry.path}' of {entry.uid}:{entry.gid}"
    return ""


def _counted(most: tuple[int, int]) -> str:
    if most == (1, 1):
        return "no user and no group but root"
    return f"{most[0]} users and {most[1]} groups"


def _more(target: Target) -> str:
    """The command that gives the login a range, which in this order no other login has."""
    first = _FIRST + max(target.uid - 1000, 0) * _RANGE
    words = f"{first}-{first + _RANGE - 1}"
    login = target.name.partition("@")[0] if "@" in target.name else f'"$(id -un {target.uid})"'
    return f"usermod --add-subuids {words} --add-subgids {words} {login}"
