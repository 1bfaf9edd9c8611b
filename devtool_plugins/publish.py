"""`publish`: a directory for any static web server, that sdk-update and feeds: take from."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devtool_plugins.session import Session

NAME = "publish"
HELP = "Make a directory that a web server can serve: feeds, base images, locks, an eSDK"
DESCRIPTION = (
    "Writes feeds of the packages in --packages, base images, lock files, and what oe-publish-sdk has made, "
    "into a new generation of DIR, and switches over to it at once: who has begun to read the old one finds "
    "all of it. Clients: sdk-update http://SERVER/, and feeds: [http://SERVER/current/ipk] in container.yaml."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("top", metavar="DIR", help="what is served; made when it does not exist")
    parser.add_argument("--packages", action="append", metavar="DIR", default=[],
                        help="packages, such as tmp/deploy/ipk; may be repeated")  # fmt: skip
    parser.add_argument("--image", action="append", metavar="NAME", default=[],
                        help="base image: a name, or its layout directory; may be repeated")  # fmt: skip
    parser.add_argument("--lock", action="append", metavar="FILE", default=[], help="may be repeated")
    parser.add_argument("--sdk", metavar="DIR", help="what oe-publish-sdk has made")
    parser.add_argument("--gpg-key", "--key", metavar="KEY", default="",
                        help="sign: name of a secret key of yours, or a file with one")  # fmt: skip
    parser.add_argument("-o", dest="directory", metavar="DIR", help="where container-build -o put images")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the answer")


def run(args: argparse.Namespace, session: Session) -> int:
    from devtool_plugins.settings import directory
    from sdk_hooks.core import images
    from sdk_hooks.core.publish import publish
    from sdk_hooks.errors import UsageError

    if not (args.packages or args.image or args.lock or args.sdk):
        raise UsageError(
            "there is nothing to publish", hint="say what: --packages DIR, --image NAME, --sdk DIR"
        )
    found = [images.find(name, directory(args, session)) for name in args.image]
    goods = publish.Goods(
        [Path(each) for each in args.packages],
        found,
        [Path(each) for each in args.lock],
        Path(args.sdk) if args.sdk else None,
    )
    formats = session.plugins.package_formats()
    published, new = publish.publish(Path(args.top), goods, formats, args.gpg_key)
    if not args.gpg_key:
        session.ui.warning("nothing of it is signed: clients have to say trusted=yes; give --gpg-key KEY")
    session.ui.step(f"generation {published.id} {'counts now' if new else 'is what is there already'}")
    if args.format == "json":
        answer = {"generation": published.id, "new": new, **json.loads(published.to_json())}
        print(json.dumps(answer, indent=2))
    else:
        print(args.top)
    return 0
