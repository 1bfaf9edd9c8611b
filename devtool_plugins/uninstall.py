"""`uninstall`: remove the commands from the devtool of an SDK or a build directory."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from devtool_plugins.install import checked

if TYPE_CHECKING:
    from devtool_plugins.session import Session

NAME = "uninstall"
HELP = "Remove the commands from the devtool of an eSDK or a BitBake build directory"
DESCRIPTION = HELP + "; nothing of them is left. Images that were built stay."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "directory", metavar="SDK_DIR", help="an installed eSDK, or a BitBake build directory"
    )


def run(args: argparse.Namespace, session: Session) -> int:
    from sdk_hooks.core.sdk import install as sdk_install

    sdk_install.uninstall(checked(args.directory), session.ui)
    return 0
