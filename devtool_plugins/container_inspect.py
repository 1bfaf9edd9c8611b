"""`container-inspect`: what is in an image and why, and what is different between two."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from devtool_plugins.session import Session
    from sdk_hooks.core.bom.inspection import File, Inspection
    from sdk_hooks.target import Platform

NAME = "container-inspect"
HELP = "Show what is in an image and why, and the difference between two"
DESCRIPTION = (
    "Shows the layers, packages and files of an image, how large each is, and what needs it; with OTHER, "
    "what is different in that one. An image is NAME or NAME:TAG of a built one, a layout directory, or an "
    "archive as docker save and skopeo write it, of anybody's making. --format html is a page for a browser."
)
_IMAGE = "name of a built image, layout directory or archive"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", metavar="IMAGE", help=_IMAGE)
    parser.add_argument("other", metavar="OTHER", nargs="?", help="what is different in this one")
    views = parser.add_mutually_exclusive_group()
    views.add_argument("--packages", action="store_true", help="every package, with licence, recipe and feed")
    views.add_argument("--layers", action="store_true", help="every layer, and what is hidden in it")
    views.add_argument(
        "--files",
        nargs="?",
        const="*",
        metavar="GLOB",
        help="files, such as '*.so*' or '/etc/*' (default: all)",
    )
    views.add_argument("--why", metavar="PACKAGE|/PATH", help="what needs a package, whose a file is")
    parser.add_argument("-o", dest="directory", metavar="DIR", help="where container-build -o put the image")
    parser.add_argument("--platform", metavar="OS/ARCH[/VARIANT]", help="which one, of an image for several")
    parser.add_argument(
        "--format", choices=("text", "json", "html"), default="text", help="form of the answer"
    )


def run(args: argparse.Namespace, session: Session) -> int:
    _check(args)
    if args.other:
        _print_difference(args, session)
    elif args.format == "html":
        from sdk_hooks.core.bom import page

        print(page.of_image(_read(args.image, args, session)), end="")
    elif args.format == "json":
        print(json.dumps(_answer(args, _read(args.image, args, session)), indent=2))
    else:
        print(_text(args, _read(args.image, args, session)))
    return 0


def _check(args: argparse.Namespace) -> None:
    """
    :raises UsageError: When options make no sense together.
    """
    from sdk_hooks.errors import UsageError

    view = next((name for name in ("packages", "layers", "files", "why") if getattr(args, name)), "")
    if view and args.other:
        raise UsageError(f"--{view} is for one image", hint="leave it out, or OTHER")
    if view and args.format == "html":
        raise UsageError("--format html shows everything", hint=f"leave out --{view}")


def _read(wanted: str, args: argparse.Namespace, session: Session) -> Inspection:
    from pathlib import Path

    from sdk_hooks.core import images
    from sdk_hooks.core.bom import inspection

    directory = Path(args.directory) if args.directory else session.images
    place = images.place_of(wanted, directory)
    found = inspection.read(place, _platform(args.platform), digests=bool(args.other))
    for remark in found.remarks:
        session.ui.warning(remark)
    return found


def _platform(text: str | None) -> Platform | None:
    if text is None:
        return None
    from devtool_plugins.inputs import platform  # with it comes all that builds

    return platform(text)


def _print_difference(args: argparse.Namespace, session: Session) -> None:
    from devtool_plugins import inspect_text
    from sdk_hooks.core.bom import answer, difference, page

    old, new = (_read(each, args, session) for each in (args.image, args.other))
    found = difference.compare(old, new)
    if args.format == "html":
        print(page.of_difference(found), end="")
    elif args.format == "json":
        print(json.dumps(answer.of_difference(found), indent=2))
    else:
        print(inspect_text.difference(found))


def _answer(args: argparse.Namespace, image: Inspection) -> dict[str, Any]:
    from sdk_hooks.core.bom import answer, question

    if args.why:
        return answer.of_reason(image, question.why(image, args.why))
    return answer.of_image(image, _matching(args.files, image) if args.files else None)


def _text(args: argparse.Namespace, image: Inspection) -> str:
    from devtool_plugins import inspect_text
    from sdk_hooks.core.bom import question

    if args.why:
        return inspect_text.reason(image, question.why(image, args.why))
    if args.files:
        return inspect_text.files(image, _matching(args.files, image))
    if args.packages:
        return inspect_text.packages(image)
    return inspect_text.layers(image) if args.layers else inspect_text.summary(image)


def _matching(glob: str, image: Inspection) -> list[File]:
    """The files that *glob* means: by their paths, or by their names when it has no slash.

    :raises SdkError: When there are none.
    """
    import fnmatch
    import re

    from sdk_hooks.errors import SdkError

    if glob == "*":
        return list(image.files)
    matches = re.compile(fnmatch.translate(glob)).match
    if "/" in glob:
        found = [each for each in image.files if matches(f"/{each.entry.path}")]
    else:
        found = [each for each in image.files if matches(each.entry.path.rpartition("/")[2])]
    if not found:
        raise SdkError(f"the image has no file {glob!r}", hint="list them all: --files", code="no-file")
    return found
