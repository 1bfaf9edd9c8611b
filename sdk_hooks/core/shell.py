"""The one place where a command line becomes text for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping

from sdk_hooks.target import Argv, Script


def quoted(argv: Argv) -> Script:
    """*argv* as one command of a POSIX shell."""
    return shlex.join(argv)


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
