"""`container-deploy --watch` and `k8s-deploy --watch`: build and deploy again whenever the sources change."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from devtool_plugins import container_build, container_deploy
from devtool_plugins.session import Session
from sdk_hooks.core import images, requests
from sdk_hooks.errors import SdkError, UsageError

_PAUSE = 0.5
"""Seconds between two looks; 20,000 files take about 50 ms."""
_IGNORED = {".git", "__pycache__", ".svn", "oe-logs", "oe-workdir", "oe-local-files"}

Deploy = Callable[[argparse.Namespace, Session], int]
Stamp = dict[str, tuple[int, int]]


def watch(args: argparse.Namespace, session: Session, deploy: Deploy = container_deploy.deploy) -> int:
    """Deploy, then deploy again after every change, until Ctrl-C.

    :raises UsageError: When it is not known how the image was built.
    """
    request = _request(args, session)
    places = [Path(place) for place in request.watched]
    seen = stamp(places)
    _deploy(args, session, deploy)
    while True:
        session.ui.step(f"watching {', '.join(map(str, places))}: Ctrl-C ends")
        seen = _changed(places, seen)
        try:
            container_build.build(argparse.Namespace(**request.options), session)
            deploy(args, session)
        except SdkError as error:  # the next edit may be the remedy
            session.ui.error(str(error))


def stamp(places: list[Path]) -> Stamp:
    """Size and modification time in ns of every file in *places*."""
    return {
        path: (status.st_mtime_ns, status.st_size) for place in places for path, status in _files(str(place))
    }


def _request(args: argparse.Namespace, session: Session) -> requests.Request:
    from devtool_plugins.settings import directory

    layout = images.place(directory(args, session), args.image, args.tag)
    request = requests.load(layout)
    if request is None:
        raise UsageError(
            f"how {args.image!r} was built is not known",
            hint=f"build it once: container-build {args.image} ...",
        )
    return request


def _deploy(args: argparse.Namespace, session: Session, deploy: Deploy) -> None:
    try:
        deploy(args, session)
    except SdkError as error:
        session.ui.error(str(error))


def _changed(places: list[Path], seen: Stamp) -> Stamp:
    """Wait until something differs from *seen*, and then until nothing changes any more."""
    while (now := stamp(places)) == seen:
        time.sleep(_PAUSE)
    while True:
        time.sleep(_PAUSE)
        later = stamp(places)
        if later == now:
            return now
        now = later


def _files(place: str) -> Iterator[tuple[str, os.stat_result]]:
    try:
        children = list(os.scandir(place)) if os.path.isdir(place) else []
        if not children and os.path.exists(place):
            yield place, os.stat(place)
    except OSError:  # it is being rewritten right now: the next look will tell
        return
    for child in children:
        try:
            if child.is_dir(follow_symlinks=False):
                if child.name not in _IGNORED:
                    yield from _files(child.path)
            else:
                yield child.path, child.stat(follow_symlinks=False)
        except OSError:  # gone between the two calls
            continue
