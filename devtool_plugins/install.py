"""`install`: add the commands to the devtool of an SDK or a build directory."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devtool_plugins.session import Session

NAME = "install"
HELP = "Add the commands to the devtool of an eSDK or a BitBake build directory"
DESCRIPTION = (
    "Puts a small file into SDK_DIR/lib/devtool, and what the SDK's Python lacks into "
    "SDK_DIR/lib/devtool-containers. Doing it again upgrades. uninstall removes both."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "directory", metavar="SDK_DIR", help="an installed eSDK, or a BitBake build directory"
    )
    parser.add_argument("--python", metavar="FILE", help="the Python that devtool runs with (default: found)")
    parser.add_argument(
        "--layer",
        action="store_true",
        help="make a BitBake layer there: eSDKs built with it have the commands",
    )


def run(args: argparse.Namespace, session: Session) -> int:
    from sdk_hooks.core.sdk import install as sdk_install

    if args.layer:
        sdk_install.layer(Path(args.directory), session.ui)
        print(args.directory)
        return 0
    directory = checked(args.directory)
    sdk_install.install(directory, args.python, session.ui)
    print(directory / sdk_install.SHIM)
    return 0


def checked(text: str) -> Path:
    """The directory in *text*, if devtool can find plugins in it.

    :raises UsageError: When it is neither an eSDK nor a build directory.
    """
    from sdk_hooks.errors import UsageError

    directory = Path(text)
    if not any((directory / mark).exists() for mark in (".devtoolbase", "conf/bblayers.conf")):
        raise UsageError(
            f"'{directory}' is neither an installed eSDK nor a BitBake build directory",
            detail="it has no .devtoolbase and no conf/bblayers.conf",
            hint="give the directory that environment-setup-* or conf/ is in",
        )
    if not os.access(directory, os.W_OK, effective_ids=True):
        raise UsageError(f"'{directory}' can't be written", hint="become the user who installed the SDK")
    return directory
