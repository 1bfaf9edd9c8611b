"""`container-build`: an OCI image of a workspace recipe or of an install tree."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from devtool_plugins import locking, packages, trust

if TYPE_CHECKING:
    from devtool_plugins.inputs import Inputs
    from devtool_plugins.session import Session
    from sdk_hooks.core.bom.provenance import Asked
    from sdk_hooks.core.bom.record import Record
    from sdk_hooks.core.build import Built
    from sdk_hooks.core.spec.model import Spec

NAME = "container-build"
HELP = "Build a container image from a recipe or an install tree"
DESCRIPTION = (
    "Builds an OCI image: of the workspace recipe NAME and what it needs at run time, or with --from of any "
    "install tree and what its programs need out of a sysroot. Needs no daemon and no root. Reads "
    "container.yaml in the source tree, and OCI_IMAGE_* of the recipe."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="workspace recipe; with --from, a name for the image")
    parser.add_argument("--from", dest="tree", metavar="DIR", help="install tree (make install DESTDIR=DIR)")
    parser.add_argument("--sysroot", metavar="DIR", help="where --from finds libraries and interpreters "
                        "(default: $SDKTARGETSYSROOT, else /)")  # fmt: skip
    parser.add_argument("-f", "--file", metavar="FILE", help="container.yaml to read")
    parser.add_argument(
        "-o", dest="directory", metavar="DIR", help="write below DIR, not the deploy directory"
    )
    parser.add_argument("--output", action="append", metavar="KIND", default=[],
                        help="also write this form, such as oci-archive; may be repeated")  # fmt: skip
    packages.add_arguments(parser)
    locking.add_arguments(parser)
    # devtool takes --base for its own --basepath
    parser.add_argument("--base-image", "--base", dest="base", metavar="IMAGE",
                        help="layout directory, archive, image built before; or small, medium, large, "
                        "system, distroless, scratch")  # fmt: skip
    parser.add_argument("--image", metavar="NAME", help="full name of the image (default: localhost/NAME)")
    parser.add_argument("--tag", help="tag of the image (default: latest)")
    parser.add_argument("--entrypoint", metavar="COMMAND", help="program to run, with fixed arguments")
    parser.add_argument("--cmd", metavar="COMMAND", help="arguments that can be replaced")
    parser.add_argument(
        "--env", action="append", metavar="KEY=VALUE", help="environment variable; may be repeated"
    )
    parser.add_argument("--label", action="append", metavar="KEY=VALUE", help="label; may be repeated")
    parser.add_argument("--port", action="append", metavar="PORT", help="port it answers on; may be repeated")
    parser.add_argument("--user", metavar="USER[:GROUP]", help="who it runs as (default: 65532:65532)")
    parser.add_argument("--workdir", metavar="DIR", help="working directory in the container")
    parser.add_argument(
        "--platform", metavar="OS/ARCH[/VARIANT]", help="when no program in the image says it"
    )
    parser.add_argument(
        "--no-sbom",
        action="store_true",
        help="write no bill of materials (SPDX, CycloneDX), and no provenance, beside the image",
    )
    trust.add_sign(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the answer")


def run(args: argparse.Namespace, session: Session) -> int:
    paths = build(args, session)
    if args.format == "json":
        print(json.dumps(_answer(paths), indent=2))
    else:
        print("\n".join(str(path) for path in paths))
    return 0


def build(args: argparse.Namespace, session: Session) -> list[Path]:
    """Build, write every output, announce; gives the paths written, the layout first."""
    from sdk_hooks.core import images, requests

    backends = [session.plugins.image_backend(kind) for kind in args.output]
    directory = Path(args.directory) if args.directory else session.images
    with requests.locked(directory, args.name):
        built = _built(args, session, directory)
    paths = [built.image.layout]
    for backend in backends:
        tag = built.image.name.rpartition(":")[2]
        paths.append(images.place(directory, args.name, tag, backend.suffix))
        backend.write(built.image, paths[-1])
    for remark in session.plugins.announce("sdk_image_built", image=built.image, previous=built.previous):
        session.ui.warning(remark)
    return list(dict.fromkeys(paths))


def _built(args: argparse.Namespace, session: Session, directory: Path) -> Built:
    from devtool_plugins.inputs import read, spec_path
    from sdk_hooks.core import build as core
    from sdk_hooks.core import images, requests
    from sdk_hooks.core.bom import lockfile, publish, record

    key = trust.private_key(args)
    lock = lockfile.beside(spec_path(args, session))
    keeper = locking.keeper(args, lock, session)
    inputs = read(args, session, keeper)
    spec = inputs.spec
    target = images.place(directory, args.name, spec.tag or "latest")
    accept = locking.acceptance(keeper, args.name, spec, inputs)

    def ready(contents: Record) -> None:
        """Before the image is there: an image that was built without a word how could not be built again."""
        if accept:
            accept(contents)
        base = os.path.abspath(spec.base) if spec.base else ""
        feeds = inputs.packages.digests if inputs.packages and not args.locked else {}
        options = _options(args, session)
        requests.save(target, requests.Request(options, inputs.watched, base, feeds, os.getcwd()))

    built = core.build(args.name, inputs.source, spec, target, inputs.epoch, ready)
    _tell(session, built)
    with publish.all_of_it(built.image):
        record.save(built.image, built.record)
        publish.publish(built.image, built.record, _asked(args, inputs, spec), key)
    if key:
        session.ui.step(f"signed with the key '{key.path}'")
    locking.finish(args, lock, spec, inputs, built, session)
    return built


def _asked(args: argparse.Namespace, inputs: Inputs, spec: Spec) -> Asked | None:
    """What the documents about the image say of this build; None when there are to be none."""
    from sdk_hooks.core.bom import revision
    from sdk_hooks.core.bom.provenance import Asked

    if args.no_sbom:
        return None
    if inputs.recipe is None:
        return Asked(args.name, "tree" if args.tree else "packages", spec, base=inputs.base)
    found = revision.of(Path(inputs.watched[0]))
    return Asked(args.name, "recipe", spec, (found,) if found else (), inputs.base)


def _options(args: argparse.Namespace, session: Session) -> dict[str, object]:
    """What was asked for, such that it means the same in another directory."""
    from devtool_plugins.inputs import is_recipe
    from sdk_hooks.core.feeds import feed

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = {name: getattr(args, name) for name in vars(parser.parse_args([args.name]))}
    options["lock"] = False  # written when somebody says so, not after every edit
    for name in ("tree", "sysroot", "file", "directory", "sign"):
        options[name] = options[name] and os.path.abspath(options[name])
    if args.base and os.path.exists(args.base):  # else it is a name
        options["base"] = os.path.abspath(args.base)
    if args.feed:
        options["feed"] = [feed.parse(text).below(os.getcwd()).line for text in args.feed]
    if args.file is None and not is_recipe(args, session) and os.path.exists("container.yaml"):
        options["file"] = os.path.abspath("container.yaml")
    return options


def _tell(session: Session, built: Built) -> None:
    from sdk_hooks.core.ui import human

    image = built.image
    for layer in built.layers:
        state = "unchanged" if layer.reused else "written"
        session.ui.step(
            f"layer {layer.blob.digest[7:19]}  {human(layer.blob.size):>8}  {state:9}  {layer.comment}"
        )
    session.ui.step(
        f"{image.name}  {image.digest}  {image.platform}  {human(sum(la.size for la in image.layers))}"
    )


def _answer(paths: list[Path]) -> dict[str, object]:
    from sdk_hooks.core.oci.layout import Layout

    image = Layout(paths[0]).image()
    return {
        "name": image.name,
        "digest": image.digest,
        "platform": str(image.platform),
        "layers": image.diff_ids,
        "paths": [str(path) for path in paths],
    }
