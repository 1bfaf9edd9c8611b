"""`sdk-update`: bring the SDK, base images and containers up to date with feeds and the update server."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from devtool_plugins import targets

if TYPE_CHECKING:
    from devtool_plugins.session import Session
    from sdk_hooks.core.update.apply import Result
    from sdk_hooks.core.update.finding import Findings
    from sdk_hooks.core.update.journal import State

NAME = "sdk-update"
HELP = "Update SDK components, base images and containers"
DESCRIPTION = (
    "Updates an extensible SDK from its update server, base images, and the containers that are affected: "
    "those whose packages a feed has in another version, and those on another base image. They are built "
    "again as they were built before. What was before is kept: --rollback goes back to it."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("updateserver", metavar="SERVER", nargs="?", default="", help="URL that publish has "
                        "made (default: the one of the last time)")  # fmt: skip
    add_options(parser)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What devtool's own sdk-update does not have."""
    parser.add_argument(
        "--check", action="store_true", help="only say what would change; exit status 10 when something would"
    )
    parser.add_argument("-n", "--dry-run", action="store_true", help="print the steps, change nothing")
    parser.add_argument("--rollback", action="store_true", help="go back to before the last update")
    parser.add_argument("--deploy", action="append", metavar="TARGET", default=[],
                        help="deploy again there what runs and was updated; may be repeated")  # fmt: skip
    parser.add_argument("-o", dest="directory", metavar="DIR", help="where container-build -o put images")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the answer")
    targets.add_arguments(parser)


def run(args: argparse.Namespace, session: Session) -> int:
    from devtool_plugins import update_report as report
    from sdk_hooks.core.update.finding import UPDATES

    images = Path(args.directory) if args.directory else session.images
    state = _state(session, images)
    if args.rollback:
        with state.locked():
            return report.gone_back(args, state.go_back())
    findings = check(args, session, images)
    if args.check or args.dry_run:
        report.findings(args, session, findings)
        return UPDATES if findings.updates and args.check else 0
    if not findings.updates:
        report.findings(args, session, findings)
        return 0
    return report.results(args, session, _apply(args, session, images, state, findings))


def check(args: argparse.Namespace, session: Session, images: Path) -> Findings:
    """What would change.

    :raises SdkError: When a feed can't be read.
    """
    from devtool_plugins import rebuild
    from sdk_hooks.core.update import built
    from sdk_hooks.core.update.containers import Checker
    from sdk_hooks.core.update.finding import Findings

    checker = Checker(lambda each: rebuild.packages(each, session))
    affected = checker.all(built.find(images))
    return Findings(
        feeds=tuple(checker.feeds.values()), containers=tuple(affected), notes=tuple(checker.notes)
    )


def _state(session: Session, images: Path) -> State:
    from sdk_hooks.core.update.apply import KEPT
    from sdk_hooks.core.update.journal import State

    return State(images / KEPT)


def _apply(
    args: argparse.Namespace, session: Session, images: Path, state: State, found: Findings
) -> list[Result]:
    from devtool_plugins import rebuild
    from sdk_hooks.core.update import apply

    changing = [each.built for each in found.containers]
    with state.locked():
        begun = apply.begin(state, images, changing)
        results = apply.build(changing, lambda each: rebuild.again(each, session), session.ui)
        apply.end(state, begun)
    return results
