"""Users and groups that a package says it provides, as rpm makes them before its files are there."""

from __future__ import annotations

import base64
import binascii
import shlex
from collections.abc import Iterable

_NOLOGIN = "/usr/sbin/nologin"


def script(provided: Iterable[tuple[str, str]]) -> str:
    """Shell text that makes them; empty when there are none.

    :param provided: Names such as `user(web)`, and as version a line of sysusers.d(5) in base64.
    """
    lines = [_line(value) for name, value in provided if name.startswith(("user(", "group(", "groupmember("))]
    # groups first: a user's own one may be among them
    found = [command for _, command in sorted(filter(None, lines), key=lambda each: "gum".index(each[0]))]
    return "\n".join(found)


def _line(value: str) -> tuple[str, str] | None:
    try:
        words = shlex.split(base64.b64decode(value, validate=True).rstrip(b"\0").decode())
    except (binascii.Error, ValueError):
        return None  # a version as any other: who has the user is only named
    kind, name, number, comment, home, shell = [*words, *[""] * 6][:6]
    match kind.rstrip("!"):
        case "g":
            return "g", _group(name, number)
        case "u":
            return "u", _user(name, number, comment, home, shell)
        case "m":
            return "m", f"usermod -a -G {shlex.quote(number)} {shlex.quote(name)}"
    return None


def _group(name: str, number: str) -> str:
    wanted = f" -g {number}" if number.isdecimal() else ""
    return f"getent group {shlex.quote(name)} >/dev/null || groupadd -r{wanted} {shlex.quote(name)}"


def _user(name: str, number: str, comment: str, home: str, shell: str) -> str:
    uid, _, group = number.partition(":")
    own = shlex.quote(name)
    if not group:
        lines = [_group(name, uid)]
        group = name
    else:
        lines = [] if group.isdecimal() else [_group(group, "-")]
    told = [f"-u {uid}"] if uid.isdecimal() else []
    told += [f"-c {shlex.quote(comment)}"] if comment not in ("", "-") else []
    home = "/" if home in ("", "-") else home
    shell = _NOLOGIN if shell in ("", "-") else shell
    told += [f"-g {shlex.quote(group)}", f"-d {shlex.quote(home)}", f"-s {shlex.quote(shell)}"]
    lines.append(f"getent passwd {own} >/dev/null || useradd -r {' '.join(told)} {own}")
    return "\n".join(lines)
