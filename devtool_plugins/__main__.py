"""The commands without devtool: `python -m devtool_plugins COMMAND`, and the script `devtool-containers`.

Exit status: 0 done, 1 an expected failure, 2 a wrong command line, 130 Ctrl-C. Anything else is a bug,
and prints a traceback.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from devtool_plugins import commands
from devtool_plugins.session import Session
from sdk_hooks.core.ui import Ui
from sdk_hooks.errors import SdkError, UsageError

OWN = ("machine", "plugin_list", "install", "uninstall", "schema", "archive")
"""Commands that have no place inside devtool."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit status."""
    args = _parser().parse_args(argv)
    ui = Ui(quiet=args.quiet)
    try:
        return int(args.run(args, Session(ui)))
    except UsageError as error:
        ui.error(str(error))
        return 2
    except SdkError as error:
        ui.error(str(error))
        return 1
    except KeyboardInterrupt:
        ui.error("interrupted")
        return 130
    except BrokenPipeError:  # `| head`: whoever read the answer has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="devtool-containers", description="Build containers and run them on a board, over plain ssh."
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="say only what goes wrong")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for module in commands.modules():
        commands.add(subparsers, module).set_defaults(run=module.run)
    for name in OWN:
        module = commands.load(name)
        commands.add(subparsers, module).set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
