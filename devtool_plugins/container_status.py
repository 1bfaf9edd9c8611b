"""`container-status`: what runs on a target, and what it says."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from devtool_plugins import targets

if TYPE_CHECKING:
    from devtool_plugins.session import Session
    from sdk_hooks.core.deploy.status import Status

NAME = "container-status"
HELP = "Show what runs on a target: digest, age, health, output"
DESCRIPTION = (
    "Shows the containers that container-deploy put on TARGET; with --logs, what one of them printed."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="TARGET", help="user@host[:port], an ssh alias, qemu, or local")
    parser.add_argument("name", metavar="NAME", nargs="?", default="", help="one container (default: all)")
    parser.add_argument("--logs", action="store_true", help="print its output")
    parser.add_argument(
        "-f", "--follow", action="store_true", help="print its output, and what comes after, until Ctrl-C"
    )
    parser.add_argument(
        "--lines", type=int, default=200, metavar="N", help="with --logs: the last N lines (default: 200)"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the answer")
    targets.add_arguments(parser)


def run(args: argparse.Namespace, session: Session) -> int:
    import json
    import sys
    from dataclasses import asdict

    from sdk_hooks.core.deploy import status
    from sdk_hooks.core.deploy.connection import connect, show
    from sdk_hooks.core.ui import table
    from sdk_hooks.errors import UsageError

    if args.lines < 0:
        raise UsageError(f"--lines is {args.lines}", hint="give how many lines to show, 0 for none")
    args.logs = args.logs or args.follow
    with connect(*targets.resolver(args, session)(args.target)) as connection:
        if args.logs:
            found = status.read(connection, args.name)
            name = args.name or _only(found)
            return show(connection, status.logs(name, args.lines, args.follow), sys.stdout.buffer)
        found = status.read(connection, args.name)
    if args.format == "json":
        print(json.dumps([asdict(one) for one in found], indent=2))
    else:
        print(
            table(
                [
                    ("NAME", "STATE", "HEALTH", "AGE", "DIGEST", "STACK", "ROLLBACK"),
                    *(row for one in found for row in _rows(one)),
                ]
            )
        )
    return 0


def _only(found: list[Status]) -> str:
    from sdk_hooks.errors import UsageError

    if len(found) != 1:
        names = ", ".join(one.name for one in found) or "none"
        raise UsageError("--logs wants the name of one container", detail=f"there are: {names}")
    return found[0].name


def _rows(one: Status) -> list[tuple[str, ...]]:
    """The application, and below it its containers."""
    parts = [
        (f"  {each.name}", each.state, each.health, "", each.digest[:19], "", "") for each in one.containers
    ]
    return [_row(one), *parts]


def _row(one: Status) -> tuple[str, ...]:
    stack = f"{one.stack} ({one.runtime})" if one.runtime else one.stack
    return (
        one.name,
        one.state,
        one.health,
        age(one.age),
        one.digest[:19],
        stack,
        "yes" if one.previous else "no",
    )


def age(seconds: int) -> str:
    """*seconds* in the largest unit that fits; - when unknown."""
    if seconds < 0:
        return "-"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
