"""Commands of scripts that only the shell itself and texts have to do with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sdk_hooks.core.files.fileset import DIRECTORY
from sdk_hooks.core.scripts.call import Call, Command
from sdk_hooks.core.scripts.shell import PATH

BUILT_IN = frozenset(
    (
        "adduser",
        "addgroup",
        "useradd",
        "groupadd",
        "usermod",
        "getent",
        "update-alternatives",
        "dpkg",
        "deb-systemd-helper",
        "deb-systemd-invoke",
        "dpkg-statoverride",
        "dpkg-trigger",
        "ldconfig",
        "update-rc.d",
        "invoke-rc.d",
    )
)
"""Programs that are taken to be there while packages are installed, whatever the image has."""


def echo(call: Call) -> int:
    words, end = call.words, "\n"
    while words and re.fullmatch(r"-[neE]+", words[0]):
        end = "" if "n" in words[0] else end
        words = words[1:]
    call.stdout = " ".join(words) + end
    return 0


def printf(call: Call) -> int:
    if not call.words:
        raise call.unknown()
    form, *values = call.words
    form = form.encode().decode("unicode_escape") if "\\" in form else form
    pieces = re.split(r"(%s|%d|%%)", form)
    slots = sum(piece in ("%s", "%d") for piece in pieces)
    if "%" in "".join(pieces[::2]):
        raise call.unknown()
    rounds = max(1, -(-len(values) // slots)) if slots else 1
    left = iter([*values, *[""] * (slots * rounds - len(values))])
    for _ in range(rounds):
        call.stdout += "".join(_filled(piece, left) for piece in pieces)
    return 0


def _filled(piece: str, left: Iterator[str]) -> str:
    return "%" if piece == "%%" else next(left) if piece in ("%s", "%d") else piece


def shift(call: Call) -> int:
    count = int(call.words[0]) if call.words else 1
    del call.shell.arguments[1 : 1 + count]
    return 0


def set_(call: Call) -> int:
    words = list(call.words)
    while words and words[0][:1] in "+-" and len(words[0]) > 1 and words[0] != "--":
        word = words.pop(0)
        (call.shell.options.update if word[0] == "-" else call.shell.options.difference_update)(word[1:])
    if words:
        call.shell.arguments[1:] = words[1:] if words[0] == "--" else words
    return 0


def exit_(call: Call) -> int:
    return call.shell.leave(_status(call), function=False)


def break_(call: Call) -> int:
    return call.shell.leave_loop(goes_on=call.name == "continue")


def return_(call: Call) -> int:
    return call.shell.leave(_status(call), function=True)


def _status(call: Call) -> int:
    return int(call.words[0]) if call.words and call.words[0].isdecimal() else call.shell.status


def export(call: Call) -> int:
    for word in call.words:
        name, equals, value = word.partition("=")
        if call.name == "local":
            call.shell.local(name)
        if equals:
            call.shell.variables[name] = value
        elif call.name == "unset":
            call.shell.variables.pop(name, None)
    return 0


def read(call: Call) -> int:
    """One line into variables, the last of which gets the rest."""
    line = call.stdin.readline()
    names = [word for word in call.words if not word.startswith("-")]
    marks = call.shell.variables.get("IFS")
    most, text = max(len(names) - 1, 0), line.rstrip("\n")
    if marks is None:
        pieces = text.split(None, most)
    else:
        pieces = re.split(f"[{re.escape(marks)}]", text, maxsplit=most) if marks and most else [text]
    for name, value in zip(names, [*pieces, *[""] * len(names)], strict=False):
        call.shell.variables[name] = value.rstrip("\n")
    return int(not line)


def eval_(call: Call) -> int:
    from sdk_hooks.core.scripts.syntax import parse

    return call.shell.node(parse(" ".join(call.words)), call.stdin)


def exec_(call: Call) -> int:
    if call.words:
        return call.shell.leave(call.shell.call(call.words[0], call.words[1:], call.stdin), function=False)
    return 0


def cd(call: Call) -> int:
    place = call.words[0] if call.words else "/root"
    place = place if place.startswith("/") else f"{call.shell.cwd}/{place}"
    found = call.root.find(place)
    if found is None or found.kind != DIRECTORY:
        return 1
    call.shell.cwd = place
    return 0


def pwd(call: Call) -> int:
    call.stdout = f"{call.shell.cwd}\n"
    return 0


def seq(call: Call) -> int:
    numbers = [int(word) for word in call.words]
    first, step, last = [1, 1, *numbers][-3:] if len(numbers) == 1 else [numbers[0], *[1, *numbers[1:]][-2:]]
    call.stdout = "".join(f"{number}\n" for number in range(first, last + (1 if step > 0 else -1), step))
    return 0


def umask(call: Call) -> int:
    if call.words:
        call.shell.umask = int(call.words[0], 8)
    else:
        call.stdout = f"{call.shell.umask:04o}\n"
    return 0


def command(call: Call) -> int:
    """`command -v`, `type` and `which`: whether a program will be there."""
    words = [word for word in call.words if not word.startswith("-")]
    if call.name == "command" and not any(word in ("-v", "-V") for word in call.words):
        return call.shell.call(words[0], call.words[call.words.index(words[0]) + 1 :], call.stdin)
    for word in words:
        found = word in call.shell.functions or word in BUILT_IN
        places = [word] if "/" in word else [f"{directory}/{word}" for directory in PATH]
        here = next((place for place in places if call.root.has_program(place)), "")
        if not (found or here):
            return 1
        call.stdout += f"{word if found else '/' + here.lstrip('/')}\n"
    return 0


def busybox(call: Call) -> int:
    """`busybox APPLET ...`: the command of that name."""
    if not call.words:
        raise call.unknown()
    return call.shell.call(call.words[0], call.words[1:], call.stdin)


def ok(_: Call) -> int:
    return 0


def no(_: Call) -> int:
    return 1


COMMANDS: dict[str, Command] = {
    ":": ok,
    "true": ok,
    "false": no,
    "echo": echo,
    "printf": printf,
    "shift": shift,
    "set": set_,
    "exit": exit_,
    "return": return_,
    "break": break_,
    "continue": break_,
    "export": export,
    "local": export,
    "readonly": export,
    "unset": export,
    "eval": eval_,
    "read": read,
    "exec": exec_,
    "umask": umask,
    "cd": cd,
    "pwd": pwd,
    "seq": seq,
    "busybox": busybox,
    "command": command,
    "type": command,
    "which": command,
    "trap": ok,
    "sync": ok,
    "sleep": ok,
    "wait": ok,
}
