"""`sdk-update`: bring the SDK, base images and containers up to date with feeds and the update server."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from devtool_plugins import targets

if TYPE_CHECKING:
    from devtool_plugins.session import Session

NAME = "sdk-update"
HELP = "Update SDK components, base images and containers"
DESCRIPTION = (
    "Updates an extensible SDK from its update server, base images, and the containers that are affected: "
    "those whose packages a feed has in another version, and those on another base image. They are built "
    "again as they were built before. What was before is kept: --rollback goes back to it."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    server = "URL of what publish has made (default: the one of the last time)"
    parser.add_argument("updateserver", metavar="SERVER", nargs="?", default="", help=server)
    _add_options(parser)


def extend(parser: argparse.ArgumentParser) -> None:
    """Add our options to devtool's own sdk-update, which stays what it is without them.

    Its server is a required argument where none is configured: here it may be that of the last time.
    """
    for action in parser._actions:
        if action.dest == "updateserver":
            action.nargs, action.required = "?", False
    _add_options(parser)
    parser.description = DESCRIPTION


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--check", action="store_true", help="only say what would change; exit status 10 when something would"
    )
    parser.add_argument("-n", "--dry-run", action="store_true", help="print the steps, change nothing")
    parser.add_argument("--rollback", action="store_true", help="go back to before the last update")
    parser.add_argument("--deploy", action="append", metavar="TARGET", default=[],
                        help="deploy again there what runs and was updated; may be repeated")  # fmt: skip
    parser.add_argument("--key", metavar="FILE", default="", help="public key that signs the update server")
    parser.add_argument("--trusted", action="store_true", help="use a server that publish made, unsigned")
    parser.add_argument("-o", dest="directory", metavar="DIR", help="where container-build -o put images")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the answer")
    targets.add_arguments(parser)


def run(args: argparse.Namespace, session: Session) -> int:
    from devtool_plugins import update_report as report
    from devtool_plugins.update import Update
    from sdk_hooks.core.update.finding import UPDATES
    from sdk_hooks.errors import UsageError

    if sum((args.check, args.dry_run, args.rollback)) > 1:
        raise UsageError("--check, --dry-run and --rollback exclude each other", hint="give one of them")
    update = Update(args, session, Path(args.directory) if args.directory else session.images)
    if args.rollback:
        return report.gone_back(args, update.go_back())
    findings = update.check()
    if args.check:
        report.findings(args, session, findings)
        return UPDATES if findings.updates else int(bool(findings.problems))
    if args.dry_run:
        print("".join(f"{step}\n" for step in update.steps(findings)), end="")
        return 0
    if not findings.updates:
        report.findings(args, session, findings)
        return max(update.deploy(), bool(findings.problems))
    return update.apply(findings)
