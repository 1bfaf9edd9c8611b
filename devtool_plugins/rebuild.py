"""Builds an image again as it was built before."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from devtool_plugins import bases, container_build, inputs

if TYPE_CHECKING:
    from devtool_plugins.session import Session
    from sdk_hooks.core.feeds.source import FeedSource
    from sdk_hooks.core.update.built import Built


NAME = "sdk-update"


def arguments(built: Built, session: Session) -> argparse.Namespace:
    """The command line that *built* was built with; a lock file that is there is written anew."""
    parser = argparse.ArgumentParser()
    container_build.add_arguments(parser)
    args = parser.parse_args([built.name])  # options that are newer than the image
    vars(args).update(built.request.options)
    args.directory = str(built.image.layout.parent)
    args.locked, args.lock = False, _lock(args, session).exists()
    return args


@contextlib.contextmanager
def _there(built: Built) -> Iterator[None]:
    """Be in the directory that it was built in, where container.yaml and its lock may be."""
    before = os.getcwd()
    os.chdir(built.request.directory if os.path.isdir(built.request.directory) else "/")
    try:
        yield
    finally:
        os.chdir(before)


def _lock(args: argparse.Namespace, session: Session) -> Path:
    from sdk_hooks.core.bom import lockfile

    return lockfile.beside(inputs.spec_path(args, session)).absolute()


def locks(changing: Iterable[Built], session: Session) -> list[Path]:
    """The lock files that building *changing* again writes."""
    found = []
    for each in changing:
        with _there(each):
            args = arguments(each, session)
            found += [_lock(args, session)] if args.lock else []
    return found


def packages(built: Built, session: Session) -> FeedSource | None:
    """Where its packages come from, None when it has none of feeds.

    :raises SdkError: When its container.yaml can't be read.
    """
    with _there(built):
        spec = inputs.said(arguments(built, session), session)
        member = bases.find(spec.base, built.name, session)[1] if spec.base else None
        return inputs.packages(spec, member, built.image.platform, session)


def command(built: Built, session: Session) -> str:
    """How it would be built, for people."""
    import shlex

    parser = argparse.ArgumentParser()
    container_build.add_arguments(parser)
    with _there(built):
        args = arguments(built, session)
    words = ["container-build", built.name]
    for action in parser._actions:
        value = getattr(args, action.dest, None)
        if not action.option_strings or not value or value == action.default:
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

    with _there(built):
        layout, *_ = container_build.build(arguments(built, session), session)
    return Layout(layout).image().digest
