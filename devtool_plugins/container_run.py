"""`container-run`: run an image on this machine."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from devtool_plugins import settings, trust

if TYPE_CHECKING:
    from devtool_plugins.session import Session

NAME = "container-run"
HELP = "Run a container on this machine, in the foreground"
DESCRIPTION = (
    "Runs the image NAME here until it ends, with podman, docker, containerd, crun or runc, what there is. "
    "crun and runc need no root. Exits with the container's status."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", metavar="NAME", help="name of a built image, or path of an OCI layout")
    # an option: devtool's parser refuses what follows a --
    parser.add_argument(
        "--cmd", metavar="COMMAND", help="arguments instead of the image's CMD, as shell words"
    )
    parser.add_argument("--tag", default="latest", help="tag of the image (default: latest)")
    parser.add_argument("-o", dest="directory", metavar="DIR", help="where container-build -o put the image")
    parser.add_argument(
        "--stack", default="", help="podman, docker, containerd or none (default: what is there)"
    )
    parser.add_argument("--runtime", default="", help="crun, runc, ... (default: the stack's own)")
    trust.add_verify(parser)
    settings.add_arguments(parser)


def run(args: argparse.Namespace, session: Session) -> int:
    from sdk_hooks.core import images, local, names
    from sdk_hooks.core.deploy.order import Order
    from sdk_hooks.core.deploy.parts import Part

    image = images.find(args.image, settings.directory(args, session), args.tag)
    trust.check(args, [image], session.ui)
    part = Part(image, settings.apply(args, image))
    order = Order(names.of_image(image), (part,), args.stack, args.runtime)
    command = None if args.cmd is None else settings.words("--cmd", args.cmd)
    return local.run(order, command, session.plugins, session.ui)
