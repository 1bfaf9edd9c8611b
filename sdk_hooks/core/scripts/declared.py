"""`systemd-sysusers` and `systemd-tmpfiles`: users and files that packages declare."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from sdk_hooks.core.files.fileset import SYMLINK, Entry
from sdk_hooks.core.scripts import accounts
from sdk_hooks.core.scripts.call import Call, Command
from sdk_hooks.core.scripts.files import options

_PLACES = ("etc", "run", "usr/local/lib", "usr/lib", "lib")
_AT_BOOT = re.compile(r"/(run|tmp|proc|sys|dev|var/run|var/lock|var/tmp)(/|$)")
"""Where a container gets a file system of its own, or an init makes all anew."""


def _lines(call: Call, kind: str) -> Iterator[list[str]]:
    """The fields of each line of the files that are named, or of all: a name in etc is before one in usr."""
    _, words = options(call, "--root", "--prefix", "--exclude-prefix", "--replace")
    known: dict[str, str] = {}
    for place in _PLACES:
        for name in call.root.names(f"{place}/{kind}.d"):
            known.setdefault(name, f"{place}/{kind}.d/{name}")
    for name in words or sorted(known):
        for line in call.content(name if "/" in name else known.get(name, "")).splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                yield shlex.split(line)


def sysusers(call: Call) -> int:
    for kind, name, number, *rest in ((line + ["-"] * 6)[:6] for line in _lines(call, "sysusers")):
        gecos, home, shell = ("" if text == "-" else text for text in rest[:3])
        uid, _, gid = number.partition(":")
        uid, gid = ("" if text == "-" or text.startswith("/") else text for text in (uid, gid))
        if "%" in f"{name}{uid}{gid}{home}":
            raise call.unknown(f"{kind} {name}")
        if kind == "g" and not accounts.row(call, accounts.GROUP, name):
            call.shell.call("groupadd", ["-r", *(["-g", uid] if uid else []), name], call.stdin)
        elif kind in ("u", "u!") and not accounts.row(call, accounts.PASSWD, name):
            _user(call, name, uid, gid, gecos, home, shell)
        elif kind == "m":
            for each in (name, number):
                _needed(call, each)
            call.shell.call("adduser", [name, number], call.stdin)
    return 0


def _needed(call: Call, group: str) -> None:
    if not accounts.row(call, accounts.GROUP, group):
        call.shell.call("groupadd", ["-r", group], call.stdin)


def _user(call: Call, name: str, uid: str, gid: str, gecos: str, home: str, shell: str) -> None:
    if not gid and not accounts.row(call, accounts.GROUP, name):
        call.shell.call("groupadd", ["-r", *(["-g", uid] if uid else []), name], call.stdin)
    words = ["-r", "-g", gid or name, "-d", home or "/", "-s", shell or "/usr/sbin/nologin", "-c", gecos]
    call.shell.call("useradd", [*words, *(["-u", uid] if uid else []), name], call.stdin)


def tmpfiles(call: Call) -> int:
    """Directories, files and links that outlive a boot; an init makes the others when it starts."""
    if "--create" not in call.words:
        return 0
    for line in _lines(call, "tmpfiles"):
        kind, path, mode, user, group, _, argument = (line + ["-"] * 7)[:7]
        later = set(kind) & set("!^")  # at boot only, and what the machine tells
        if later or _AT_BOOT.match(path) or "%" in f"{path}{argument}":
            continue
        letter, there = kind.rstrip("+-=~?$"), call.root.find(path, follow=False)
        if letter in ("d", "D", "v", "q", "Q") or (letter == "f" and there is None):
            _made(call, path, letter, _given(mode), argument)
            _owned(call, path, _given(user), _given(group))
        elif letter in ("z", "m") and there:
            if _given(mode):
                call.shell.call("chmod", [_given(mode), path], call.stdin)
            _owned(call, path, _given(user), _given(group))
        elif letter == "L" and there is None and _given(argument):
            call.root.put(Entry(call.root.inner(path), SYMLINK, 0o777, link=argument))
    return 0


def _given(text: str) -> str:
    return "" if text == "-" else text.lstrip("~:")


def _made(call: Call, path: str, letter: str, mode: str, argument: str) -> None:
    if letter == "f":
        call.root.write(path, _given(argument).encode(), int(mode or "644", 8))
        return
    if call.root.find(path) is None:
        call.shell.call("mkdir", ["-p", "-m", mode or "755", path], call.stdin)
    elif mode:
        call.shell.call("chmod", [mode, path], call.stdin)


def _owned(call: Call, path: str, user: str, group: str) -> None:
    if user or group:
        call.shell.call("chown", [f"{user}:{group}" if group else user, path], call.stdin)


COMMANDS: dict[str, Command] = {"systemd-sysusers": sysusers, "systemd-tmpfiles": tmpfiles}
