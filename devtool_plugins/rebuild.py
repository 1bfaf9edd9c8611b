"""Builds an image again as it was built before."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from devtool_plugins import container_build, inputs, locking

if TYPE_CHECKING:
    from devtool_plugins.session import Session
    from sdk_hooks.core.feeds.source import FeedSource
    from sdk_hooks.core.update.built import Built


NAME = "sdk-update"


def arguments(built: Built, session: Session) -> argparse.Namespace:
    """The command line that *built* was built with, as it means the same in any directory."""
    parser = argparse.ArgumentParser()
    container_build.add_arguments(parser)
    args = parser.parse_args([built.name])  # options that are newer than the image
    vars(args).update(built.request.options)
    args.directory = str(built.image.layout.parent)
    if args.file is None and not inputs.is_recipe(args, session):
        args.file = ""  # there was no container.yaml, whatever is in this directory
    return args


def packages(built: Built, session: Session) -> FeedSource | None:
    """Where its packages come from, None when it has none of feeds.

    :raises SdkError: When its container.yaml can't be read.
    """
    args = arguments(built, session)
    spec = inputs.said(args, session)
    return locking.packages(None, spec, built.image.platform, session) if spec.install else None


def command(built: Built) -> str:
    """How it would be built, for people."""
    import shlex

    parser = argparse.ArgumentParser()
    container_build.add_arguments(parser)
    words = ["container-build", built.name]
    for action in parser._actions:
        value = built.request.options.get(action.dest)
        if not action.option_strings or not value:
            continue
        for each in value if isinstance(value, list) else [value]:
            words += [action.option_strings[0], *([] if each is True else [str(each)])]
    return shlex.join(words)


def in_fresh_devtool(args: argparse.Namespace, base: Path, images: Path) -> int:
    """Go on with an update in a devtool of the layers that are there now; gives its exit status."""
    import subprocess
    import sys

    from sdk_hooks.core.sdk.workspace import devtool_setting

    scripts = Path(devtool_setting(base, "core_meta_subdir")).parent / "scripts"
    words = [sys.executable, str(scripts / "devtool"), "--basepath", str(base), NAME, "-o", str(images)]
    words += ["--format", args.format]
    words += [word for target in args.deploy for word in ("--deploy", target)]
    words += ["--ssh-config", args.ssh_config] if args.ssh_config else []
    words += ["--no-host-check"] if args.no_host_check else []
    words += [word for option in args.ssh_option for word in ("--ssh-option", option)]
    sys.stdout.flush()
    return subprocess.run(words, check=False).returncode


def again(built: Built, session: Session) -> str:
    """Build it; gives its digest.

    :raises SdkError: When that fails; it is then what it was.
    """
    from sdk_hooks.core.oci.layout import Layout

    layout, *_ = container_build.build(arguments(built, session), session)
    return Layout(layout).image().digest
