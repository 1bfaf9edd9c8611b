"""`archive`: an image as a tar on standard output, without the layers that a target already has."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devtool_plugins.session import Session

NAME = "archive"
HELP = "Write an image to standard output as a tar that every engine loads"
DESCRIPTION = HELP + ", whole or without some layers: what container-deploy sends."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("layout", metavar="DIR", help="OCI layout of the image")
    parser.add_argument(
        "--name", metavar="NAME:TAG", help="name of the image after loading (default: its own)"
    )
    parser.add_argument(
        "--omit", action="append", default=[], metavar="DIFF-ID", help="a layer to leave out; may be repeated"
    )


def run(args: argparse.Namespace, session: Session) -> int:  # noqa: ARG001  it has nothing to say
    import sys
    from pathlib import Path

    from sdk_hooks.core.oci import archive
    from sdk_hooks.core.oci.layout import Layout

    image = Layout(Path(args.layout)).image()
    for piece in archive.stream(archive.whole(image), args.name or image.name, args.omit):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
    return 0
