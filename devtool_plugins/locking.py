"""`--lock` and `--locked` of `container-build`: what an image is built of, written down and kept to."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devtool_plugins.inputs import Inputs
    from devtool_plugins.session import Session
    from sdk_hooks.base_images import BaseImage
    from sdk_hooks.core.bom.changes import Change
    from sdk_hooks.core.bom.lock import Lock, Sources
    from sdk_hooks.core.bom.lockcheck import Keeper
    from sdk_hooks.core.bom.record import Record
    from sdk_hooks.core.build import Built
    from sdk_hooks.core.feeds.source import FeedSource
    from sdk_hooks.core.spec.model import Spec
    from sdk_hooks.target import Platform


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--lock", action="store_true", help="write container.lock beside container.yaml: what is in the image"
    )
    group.add_argument(
        "--locked", action="store_true", help="build exactly what container.lock says, or fail"
    )


def keeper(args: argparse.Namespace, path: Path, session: Session) -> Keeper | None:
    """What holds the build to the lock at *path*; None when it may move on.

    :raises SdkError: When there has to be a lock and there is none.
    """
    if not args.locked:
        return None
    from sdk_hooks.core.bom import lockcheck

    return lockcheck.load(path, session.ui)


def packages(
    keeper: Keeper | None, spec: Spec, platform: Platform, session: Session, base: BaseImage | None = None
) -> FeedSource:
    """Where packages come from: the lock's files, or what the feeds have by now."""
    found = _packages(keeper, spec, platform, session, base)
    if session.sdk:
        from sdk_hooks.core.feeds.licenses import Licenses

        found.licenses = Licenses(session.sdk.pkgdata)
    return found


def _packages(
    keeper: Keeper | None, spec: Spec, platform: Platform, session: Session, base: BaseImage | None
) -> FeedSource:
    formats = session.plugins.package_formats()
    if keeper:
        from sdk_hooks.core.feeds.locked import LockedSource

        return LockedSource(keeper.lock, spec, platform, formats, session.ui, base)
    from sdk_hooks.core.feeds.source import FeedSource

    return FeedSource(spec, platform, formats, session.ui, base)


def acceptance(
    keeper: Keeper | None, name: str, spec: Spec, inputs: Inputs
) -> Callable[[Record], None] | None:
    """Check all that is known before the image *name* is built; gives what checks what is made.

    :raises SdkError: When it would not be what the lock says.
    """
    if keeper is None:
        return None
    from sdk_hooks.core.oci import base

    keeper.request(name, spec)
    if inputs.recipe:
        keeper.sources(_sources(inputs, keeper.path))
    source = inputs.source
    keeper.built([each for group in source.groups for each in group.components], source.platform)
    image = base.digest(spec.base, source.platform or keeper.platform) if spec.base else ""
    keeper.base(image, inputs.base)
    return keeper.accept


def finish(
    args: argparse.Namespace, path: Path, spec: Spec, inputs: Inputs, built: Built, session: Session
) -> None:
    """Write the lock at *path* when that is asked for; else tell when the build has left it behind.

    :raises SdkError: When it can't be written.
    """
    if args.locked or not (args.lock or path.exists()):
        return
    from sdk_hooks.core.bom import lock

    sources = _sources(inputs, path) if args.lock else lock.Sources()
    platform = str(built.image.platform)
    made = lock.of(args.name, _record(inputs, built), platform, spec, sources, inputs.base)
    changes = _changes(path, made, session)
    if args.lock:
        _write(path, made, changes, session)
    elif changes:
        session.ui.step(
            f"{len(changes)} of the packages are not those of '{path}': "
            "--locked builds with those, --lock writes it anew"
        )


def _changes(path: Path, made: Lock, session: Session) -> tuple[Change, ...]:
    """What differs from the lock that is there; nothing when none is, or nobody can read it."""
    from sdk_hooks.core.bom import lockfile
    from sdk_hooks.core.bom.changes import compare
    from sdk_hooks.errors import SdkError

    if not path.exists():
        return ()
    try:
        return compare(lockfile.load(path).packages, made.packages)
    except SdkError as error:
        session.ui.warning(str(error))
        return ()


def _write(path: Path, made: Lock, changes: Sequence[Change], session: Session) -> None:
    from sdk_hooks.core.bom import lockfile

    lockfile.save(path, made)
    session.ui.step(f"'{path}' has {made.counted}")
    for change in changes:
        session.ui.step(f"  {change}")
    for what, revision in made.sources.named:
        if revision.dirty:
            session.ui.warning(
                f"there are changes in {what} that are not committed, and nobody else has them"
            )


def _record(inputs: Inputs, built: Built) -> Record:
    from dataclasses import replace

    from sdk_hooks.core.sdk import deployed

    if inputs.recipe is None:
        return built.record
    return replace(
        built.record, components=deployed.found(built.record.components, Path(inputs.recipe.packages))
    )


def _sources(inputs: Inputs, path: Path) -> Sources:
    from sdk_hooks.core.bom import revision
    from sdk_hooks.core.bom.lock import Sources

    if inputs.recipe is None:
        return Sources()
    layers = (revision.of(Path(layer), Path(layer).name) for layer in inputs.recipe.layers)
    return Sources(revision.of(Path(inputs.watched[0]), lock=path.name), tuple(filter(None, layers)))
