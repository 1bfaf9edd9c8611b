"""`cdi`: the devices of a container on a target as a CDI spec, for whoever else runs it there."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from devtool_plugins import settings, targets

if TYPE_CHECKING:
    from devtool_plugins.session import Session

NAME = "cdi"
HELP = "Print the devices that a container gets on a target as a CDI spec"
DESCRIPTION = (
    HELP
    + ". As /etc/cdi/NAME.json on the target it makes devtool-containers/device=NAME known to every engine "
    "that has CDI. container-deploy needs none."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", metavar="NAME", help="name of a built image, or path of an OCI layout")
    parser.add_argument("target", metavar="TARGET", help="user@host[:port], an ssh alias, qemu, or local")
    parser.add_argument("--tag", default="latest", help="tag of the image (default: latest)")
    parser.add_argument("-o", dest="directory", metavar="DIR", help="where container-build -o put the image")
    settings.add_devices(parser)
    targets.add_arguments(parser)


def run(args: argparse.Namespace, session: Session) -> int:
    import json

    from sdk_hooks.core import images, names
    from sdk_hooks.core.deploy import cdispec
    from sdk_hooks.core.deploy.connection import connect

    image = images.find(args.image, settings.directory(args, session), args.tag)
    wanted = settings.with_devices(args, image)
    with connect(*targets.resolver(args, session)(args.target)) as connection:
        made = cdispec.generate(names.of_image(image), image, wanted, connection, session.plugins)
    print(json.dumps(made, indent=2))
    return 0
