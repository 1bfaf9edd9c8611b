"""The one place where a command line becomes text for a shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping

from sdk_hooks.target import Argv, Script


def quoted(argv: Argv) -> Script:
    """*argv* as one command of a POSIX shell."""
    return shlex.join(argv)


def for_login(argv: Argv) -> Script:
    """*argv* as one command of whatever shell a login has: csh and fish as well; it takes the shell's place.

    Of what can stand between quotation marks csh knows no line ends and `!`, and fish another meaning of a
    backslash: these are written as numbers, for a shell that is one to read.
    """
    text = f"exec {quoted(argv)}"
    if not re.search(r"[\n!\\]", text):
        return text
    coded = re.sub(r"[\n!\\']", lambda found: f"\\0{ord(found[0]):03o}", text)
    return f"""exec sh -c 'eval "$(printf %b "$1")"' sh '{coded}'"""


def assigned(variables: Mapping[str, str]) -> str:
    """Words that go before a command, or behind `export`, and set *variables*; with a blank at the end."""
    return "".join(f"{key}={shlex.quote(value)} " for key, value in variables.items())


def lines(commands: Iterable[Argv]) -> Script:
    """*commands* as a script that goes on when one fails."""
    return "".join(f"{quoted(argv)}\n" for argv in commands)


def whole(script: Script) -> Script:
    """*script* made safe to be read from a pipe.

    A shell reads its script as it runs it: a command that reads standard input would eat the rest, and a
    connection that is cut would leave half of it done. Braces make it read everything first.
    """
    return f"{{\nexec </dev/null\n{script.rstrip()}\nexit\n}}\n"


def write_files(directory: str, files: Mapping[str, str]) -> Script:
    """Commands that write *files*, by name or path, into *directory*."""
    folders = {name.rpartition("/")[0]: None for name in files if "/" in name}
    parts = [f"mkdir -p {shlex.quote(f'{directory}/{folder}')}\n" for folder in folders]
    for name, content in files.items():
        end = "EOF"
        while f"\n{end}\n" in f"\n{content}\n":
            end += "_"
        body = content if content.endswith("\n") else content + "\n"
        parts.append(f"cat >{shlex.quote(f'{directory}/{name}')} <<'{end}'\n{body}{end}\n")
    return "".join(parts)
