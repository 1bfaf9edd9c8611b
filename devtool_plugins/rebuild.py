"""Builds an image again as it was built before."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from devtool_plugins import container_build, inputs, locking

if TYPE_CHECKING:
    from devtool_plugins.session import Session
    from sdk_hooks.core.feeds.source import FeedSource
    from sdk_hooks.core.update.built import Built


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


def again(built: Built, session: Session) -> str:
    """Build it; gives its digest.

    :raises SdkError: When that fails; it is then what it was.
    """
    from sdk_hooks.core.oci.layout import Layout

    layout, *_ = container_build.build(arguments(built, session), session)
    return Layout(layout).image().digest
