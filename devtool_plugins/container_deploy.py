"""`container-deploy`: send what a target lacks of an image, and run it there."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from devtool_plugins import settings, targets, trust

if TYPE_CHECKING:
    from devtool_plugins.session import Session
    from sdk_hooks.core.deploy.connection import Connection
    from sdk_hooks.core.deploy.order import Order, Outcome, Prepared
    from sdk_hooks.core.deploy.packed import Packer
    from sdk_hooks.image import Image

NAME = "container-deploy"
HELP = "Run a container on a target, sending only what it lacks"
DESCRIPTION = (
    "Sends the image NAME over ssh to each TARGET, only the layers that it lacks, and runs it with what the "
    "target has: podman, docker, containerd, or crun or runc alone. What ran before is kept until the new "
    "one is up, and put back when it does not come up."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "image",
        metavar="NAME",
        help="name of a built image, path of an OCI layout, or the file of an application: one with "
        "containers:, or a compose file",
    )
    parser.add_argument("target", metavar="TARGET", nargs="+", action=targets.Unique,
                        help="user@host[:port], an ssh alias, qemu, or local")  # fmt: skip
    parser.add_argument("--tag", default="latest", help="tag of the image (default: latest)")
    parser.add_argument("-o", dest="directory", metavar="DIR", help="where container-build -o put the image")
    parser.add_argument("--name", metavar="NAME", help="name of the container (default: the image's)")
    parser.add_argument(
        "--stack", default="", help="podman, docker, containerd or none (default: what is there)"
    )
    parser.add_argument("--runtime", default="", help="crun, runc, ... (default: the stack's own)")
    parser.add_argument(
        "--setup",
        action="store_true",
        help="let the stack be set up there for --runtime; undeploy can undo it",
    )
    parser.add_argument("-n", "--dry-run", action="store_true", help="print the steps, change nothing")
    parser.add_argument(
        "--rollback", action="store_true", help="go back to the deployment before the current one"
    )
    parser.add_argument(
        "--watch", action="store_true", help="build and deploy again whenever the sources change"
    )
    trust.add_verify(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the answer")
    settings.add_arguments(parser)
    targets.add_arguments(parser)


def run(args: argparse.Namespace, session: Session) -> int:
    if args.watch and applications_file(args) is not None:
        from sdk_hooks.errors import UsageError

        raise UsageError(f"--watch is for an image, not for '{args.image}'", hint="leave it out")
    if args.watch:
        from devtool_plugins.watch import watch

        return watch(args, session)
    return deploy(args, session)


def deploy(args: argparse.Namespace, session: Session) -> int:
    """Deploy once to every target; gives the exit status."""
    from devtool_plugins import report
    from sdk_hooks.core.deploy import fleet
    from sdk_hooks.core.deploy.packed import Packer

    with Packer(len(args.target)) as packer:
        work = _rollback(args, session) if args.rollback else _deployment(args, session, packer)
        answers = fleet.each(args.target, targets.resolver(args, session), work)
    return report.tell(args, session, answers)


def order(args: argparse.Namespace, session: Session) -> Order:
    """What the command line asks for."""
    from sdk_hooks.core import images
    from sdk_hooks.core.deploy.order import Order
    from sdk_hooks.core.deploy.parts import Part

    file = applications_file(args)
    if file is not None:
        return _application(args, session, file)
    image = images.find(args.image, settings.directory(args, session), args.tag)
    trust.check(args, [image], session.ui)
    part = Part(image, settings.apply(args, image))
    return Order(_name(args, image), (part,), args.stack, args.runtime, args.setup)


def applications_file(args: argparse.Namespace) -> Path | None:
    """The file of the application that the command line names; None when it names an image."""
    from sdk_hooks.core import applications

    return applications.file(args.image)


def _application(args: argparse.Namespace, session: Session, file: Path) -> Order:
    from sdk_hooks.core import applications, names
    from sdk_hooks.core.deploy.order import Order

    settings.refuse(args, file)
    found = applications.load(file)
    for note in found.notes:
        session.ui.step(note)
    name = applications.name(found, file) if args.name is None else args.name
    parts = applications.assemble(found, file, settings.directory(args, session), settings.of_image)
    trust.check(args, [part.image for part in parts], session.ui)
    return Order(names.application(name), parts, args.stack, args.runtime, args.setup)


def _deployment(
    args: argparse.Namespace, session: Session, packer: Packer
) -> Callable[[Connection], Outcome | str]:
    from sdk_hooks.core.deploy import order as core

    wanted = order(args, session)

    def work(connection: Connection) -> Outcome | str:
        def prepare() -> Prepared:
            return core.prepare(wanted, connection, session.plugins)

        prepared = prepare()
        if args.dry_run:
            return core.script(prepared)
        outcome = core.execute(prepared, prepare, connection, session.ui, packer)
        targets.tell_addresses(connection.name, wanted.ports, session)
        return outcome

    return work


def _rollback(args: argparse.Namespace, session: Session) -> Callable[[Connection], Outcome | str]:
    from sdk_hooks.core.deploy import rollback

    trust.refuse_rollback(args)
    name = _deployed(args, session)
    return lambda connection: rollback.rollback(name, connection, session.ui)


def _name(args: argparse.Namespace, image: Image) -> str:
    from sdk_hooks.core import names

    return names.of_image(image) if args.name is None else names.checked(args.name)


def _deployed(args: argparse.Namespace, session: Session) -> str:
    """The name that the image was deployed under, also when it is no longer here."""
    from sdk_hooks.core import applications, images, names
    from sdk_hooks.errors import SdkError

    file = applications_file(args)
    if file is not None and args.name is None:
        return applications.name(applications.load(file), file)
    try:
        return _name(args, images.find(args.image, settings.directory(args, session), args.tag))
    except SdkError:
        return names.checked(args.image if args.name is None else args.name)
