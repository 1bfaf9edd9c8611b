"""`container-undeploy`: take a container away from targets."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from devtool_plugins import targets

if TYPE_CHECKING:
    from devtool_plugins.session import Session

NAME = "container-undeploy"
HELP = "Remove a container from a target, with its images"
DESCRIPTION = (
    "Stops the container NAME on each TARGET and removes it with its images, layers and start at boot. "
    "Named volumes are kept unless --volumes is given."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the container, or the application by its name or file")
    parser.add_argument(
        "target",
        metavar="TARGET",
        nargs="+",
        action=targets.Unique,
        help="user@host[:port], an ssh alias, qemu, or local",
    )
    parser.add_argument(
        "--volumes", action="store_true", help="also remove its named volumes, and all data in them"
    )
    parser.add_argument(
        "--undo-setup",
        action="store_true",
        help="also take back what container-deploy --setup has changed there",
    )
    parser.add_argument("-n", "--dry-run", action="store_true", help="print the steps, change nothing")
    targets.add_arguments(parser)


def run(args: argparse.Namespace, session: Session) -> int:
    from sdk_hooks.core import applications, names
    from sdk_hooks.core.deploy import fleet, undeploy
    from sdk_hooks.core.ui import table
    from sdk_hooks.errors import SdkError

    file = applications.file(args.name)
    args.name = names.checked(applications.name(applications.load(file), file) if file else args.name)
    if args.dry_run:
        text = undeploy.text(args.name, args.volumes, args.undo_setup)
        print("".join(f"ssh {target} sh -s <<'END'\n{text}END\n" for target in args.target), end="")
        return 0
    answers = fleet.each(
        args.target,
        targets.resolver(args, session),
        lambda connection: undeploy.undeploy(
            connection, args.name, args.volumes, session.ui, args.undo_setup
        ),
    )
    failed = [answer for answer in answers if isinstance(answer, SdkError)]
    if len(answers) == 1 and failed:
        raise failed[0]
    for target, answer in zip(args.target, answers, strict=True):
        if answer is not None:
            session.ui.error(f"{target}: {answer}")
    rows = [(t, f"failed [{a.code}]" if a else "removed") for t, a in zip(args.target, answers, strict=True)]
    print(table([("TARGET", "RESULT"), *rows]))
    return 1 if failed else 0
