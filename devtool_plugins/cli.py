"""Runs one command without devtool.

Exit status: 0 done, 1 an expected failure, 2 a wrong command line, 130 Ctrl-C, 143 SIGTERM. Anything else is
a bug, and prints a traceback.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from devtool_plugins import commands
from devtool_plugins.session import Session
from sdk_hooks.core.ui import Ui
from sdk_hooks.errors import SdkError, UsageError, did_you_mean, of_system

OWN = ("machine", "plugin_list", "install", "uninstall", "schema", "networks", "archive", "cdi", "publish")
"""Commands that have no place inside devtool."""


class Terminated(KeyboardInterrupt):
    """SIGTERM: what was begun is tidied away as after Ctrl-C."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit status."""
    signal.signal(signal.SIGTERM, _terminated)
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files need not be text
        sys.stdout.reconfigure(errors="surrogateescape")
    words = sys.argv[1:] if argv is None else argv
    args = _parser(words).parse_args(words)
    ui = Ui(quiet=args.quiet)
    try:
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        status = int(args.run(args, Session(ui)))
        sys.stdout.flush()
    except UsageError as error:
        ui.error(str(error))
        return 2
    except SdkError as error:
        ui.error(str(error))
        return 1
    except Terminated:
        ui.error("terminated")
        return 143
    except KeyboardInterrupt:
        ui.error("interrupted")
        return 130
    except BrokenPipeError:  # `| head`: whoever read the answer has left
        _drop_output()
        return 1
    except OSError as error:  # a full disk, a directory that may not be written
        ui.error(str(of_system(error)))
        _drop_output()
        return 1
    return status


def _terminated(*_: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: tidying up must not be cut short
    raise Terminated


def _drop_output() -> None:
    """Send what is still in the buffer of stdout nowhere: Python would try again at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Parser(argparse.ArgumentParser):
    """Names the command that was meant; `-q` may also follow the command."""

    def error(self, message: str) -> NoReturn:
        match = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
        if match:
            known = [word.strip(" '") for word in match[2].split(",")]
            hint = did_you_mean(match[1], known) or f"known: {', '.join(known)}"
            message = f"there is no {match[1]!r}; {hint}"
        super().error(message)


class _Command(_Parser):
    """One command, whose arguments may stand in any order, as in devtool, whose own parser sees to that.

    argparse takes an optional one for left out at the first option.
    """

    _inside = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        if self._inside:
            return super().parse_known_args(args, namespace)
        self._inside = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._inside = False


def _version() -> str:
    from importlib import metadata

    return metadata.version("devtool-containers")


class _Version(argparse.Action):
    """Like argparse's, but the metadata is read only by who asks for it."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(f"devtool-containers {_version()}")
        parser.exit()


def _modules(words: Sequence[str]) -> list[Any]:
    """The command that *words* call, or all when that is not one: each costs an import and a parser."""
    called = next((word for word in words if not word.startswith("-")), "")
    name = called.replace("-", "_")
    if name in (*commands.MODULES, *OWN):
        module = commands.load(name)
        if called == module.NAME:
            return [module]
    return [*commands.modules(), *map(commands.load, OWN)]


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="devtool-containers", description="Build containers and run them on a board, over plain ssh."
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="say only what goes wrong")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Command)
    for module in _modules(words):
        command = commands.add(subparsers, module)
        command.set_defaults(run=module.run)
        command.add_argument(
            "-q", "--quiet", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )
    return parser
