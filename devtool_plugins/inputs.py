"""Brings together what the command line, container.yaml, the recipe and the defaults say."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from devtool_plugins import bases, locking
from devtool_plugins.session import Session
from sdk_hooks.core import build, machines
from sdk_hooks.core.feeds import feed
from sdk_hooks.core.files import tree
from sdk_hooks.core.files.tree import Source
from sdk_hooks.core.spec import feeds, values
from sdk_hooks.core.spec import read as spec_file
from sdk_hooks.core.spec.model import SPEC, Spec
from sdk_hooks.errors import SdkError, UsageError
from sdk_hooks.target import Platform

if TYPE_CHECKING:
    from sdk_hooks.base_images import BaseImage
    from sdk_hooks.core.bom.lockcheck import Keeper
    from sdk_hooks.core.feeds.source import FeedSource
    from sdk_hooks.core.sdk.workspace import Recipe


@dataclass(frozen=True)
class Inputs:
    """All that a build needs."""

    source: Source
    spec: Spec
    epoch: int
    watched: tuple[str, ...]
    """What `container-deploy --watch` looks at: install tree or sources, and container.yaml."""
    recipe: Recipe | None = None
    """The workspace recipe, if it is one's image."""
    packages: FeedSource | None = None
    """What of the source comes out of feeds."""
    base: str = ""
    """The name of the plugin that its base is; empty when that is an image, or there is none."""


class _Below(NamedTuple):
    """A source on top of its base and its packages, and what these turn out to be; as `Inputs` has them."""

    source: Source
    spec: Spec
    packages: FeedSource | None
    base: str


def read(args: argparse.Namespace, session: Session, keeper: Keeper | None = None) -> Inputs:
    """The inputs of `container-build`.

    :param keeper: Holds them to a lock.
    :raises SdkError: When they can't be read, or do not fit together.
    """
    spec = from_command_line(args)
    # not the recipe's SOURCE_DATE_EPOCH: in a workspace it is the time of the last edit, new for every layer
    epoch = keeper.epoch() if keeper else build.source_date_epoch()
    if args.tree:
        spec = spec.over(_file(args, Path.cwd()))
        below = _with_packages(_tree(args, spec), spec, args, session, keeper)
        file = os.path.abspath(args.file or spec_file.FILE_NAME)
        return Inputs(epoch=epoch, watched=(os.path.abspath(args.tree), file), **below._asdict())
    if _packages_alone(args, session):
        spec = spec.over(_file(args, Path.cwd()))
        if session.sdk and not spec.install:
            session.ui.step(f"no recipe {args.name} is in your workspace: it is the base image alone")
        below = _with_packages(Source([], None), spec, args, session, keeper)
        file = os.path.abspath(args.file or spec_file.FILE_NAME)
        return Inputs(epoch=epoch, watched=(file,), **below._asdict())
    if session.sdk is None:
        raise UsageError(
            f"there is no SDK here that could have a recipe {args.name!r}",
            hint=f"in an eSDK run: devtool container-build {args.name}; else give a tree: --from DIR",
            code="no-sdk",
        )
    sources = session.sdk.source_tree(args.name)
    spec = spec.over(_file(args, sources))
    if keeper:  # before BitBake has worked for minutes
        keeper.request(args.name, spec)
        keeper.tree(sources)
    recipe = session.sdk.read(args.name, session.ui)
    spec = spec.over(spec_file.from_variables(recipe.variables))
    below = _with_packages(recipe.source, spec, args, session, keeper)
    return Inputs(epoch=epoch, watched=(str(sources),), recipe=recipe, **below._asdict())


def spec_path(args: argparse.Namespace, session: Session) -> Path:
    """Where container.yaml is, or would be.

    :raises SdkError: When NAME can't be that of an image, or of a recipe.
    """
    _check_name(args.name)
    if args.file:
        return Path(args.file)
    alone = session.sdk is None or args.tree or _packages_alone(args, session)
    directory = Path.cwd() if alone or session.sdk is None else session.sdk.source_tree(args.name)
    return directory / spec_file.FILE_NAME


def _tree(args: argparse.Namespace, spec: Spec) -> Source:
    """The install tree; its libraries out of the packages where there are some, else out of the sysroot."""
    if spec.install and not args.sysroot:
        return Source([tree.alone(args.tree)], None)
    return tree.read(args.tree, sysroot(args), spec.include or (), _library_path(spec))


def _packages_alone(args: argparse.Namespace, session: Session) -> bool:
    """Whether NAME is no recipe: packages are all that there is to be in the image."""
    if is_recipe(args, session):
        return False
    spec = from_command_line(args)
    # in an SDK a name that is no recipe's is one mistyped, unless something tells that packages are meant
    if session.sdk is None or args.file or args.feed:
        spec = spec.over(_file(args, Path.cwd()))
    return bool(spec.install or (spec.base and bases.find(spec.base, args.name, session)[1]))


def _with_packages(
    source: Source, spec: Spec, args: argparse.Namespace, session: Session, keeper: Keeper | None
) -> _Below:
    """*source* on top of its base and the packages that *spec* wants, or that *keeper* holds it to."""
    source, member = _with_platform(source, args.platform), None
    if spec.base:
        place, member = bases.find(spec.base, args.name, session)
        spec = replace(spec, base=place)
    source = bases.below(source, member) if member else source
    name = member.name if member else ""
    wanted = source.platform or (keeper.platform if keeper else machines.here())
    below = packages(spec, member, wanted, session, keeper)
    if below is None:
        if args.feed:
            what = "--feed says where packages are, and nothing says which"
            raise UsageError(what, hint="name them: --install PACKAGE")
        return _Below(source, spec, None, name)
    return _Below(replace(source, platform=wanted, below=below.groups), below.spec, below, name)


def packages(
    spec: Spec, base: BaseImage | None, platform: Platform, session: Session, keeper: Keeper | None = None
) -> FeedSource | None:
    """Where the packages of *spec* and its *base* come from: its feeds or the SDK's; None without any."""
    if not (spec.install or (base and base.lists)):
        return None
    if session.sdk and not spec.feeds:
        spec = replace(spec, feeds=session.sdk.feeds())
    return locking.packages(keeper, spec, platform, session, base)


def said(args: argparse.Namespace, session: Session) -> Spec:
    """What the command line and container.yaml say, before anything is built.

    :raises SdkError: When they can't be read.
    """
    return from_command_line(args).over(_file(args, spec_path(args, session).parent))


def is_recipe(args: argparse.Namespace, session: Session) -> bool:
    """Whether it is the workspace that has what is built."""
    return not args.tree and session.sdk is not None and args.name in session.sdk.workspace


def from_command_line(args: argparse.Namespace) -> Spec:
    """What the options say, understood as container.yaml understands the same words.

    :raises UsageError: Naming the option whose value makes no sense.
    """
    return Spec(
        image=_option(args, "image"),
        tag=_option(args, "tag"),
        base=args.base,
        entrypoint=_option(args, "entrypoint"),
        cmd=_option(args, "cmd"),
        env=_pairs("--env", args.env),
        labels=_pairs("--label", args.label),
        ports=_each("--port", values.port, args.port),
        user=_option(args, "user"),
        workdir=_option(args, "workdir"),
        install=_each(
            "--install", feeds.wanted, [word for text in args.install or () for word in text.split(",")]
        ),
        feeds=_each("--feed", feed.parse, args.feed),
        recommends=args.recommends,
        setuid=tuple(args.setuid) if args.setuid else None,
        run_scripts=tuple(args.run_scripts) if args.run_scripts else None,
        skip_scripts=tuple(args.skip_scripts) if args.skip_scripts else None,
        exclude=tuple(args.exclude) if args.exclude else None,
        package_database=args.package_database,
    )


def sysroot(args: argparse.Namespace) -> str:
    """Where libraries come from: the option, else the standard SDK that was sourced, else this machine."""
    return str(args.sysroot or os.environ.get("SDKTARGETSYSROOT") or "/")


def platform(text: str) -> Platform:
    """The platform in `linux/arm64`, `linux/arm/v7`.

    :raises UsageError: When it is not one.
    """
    parts = text.split("/")
    if not 2 <= len(parts) <= 3 or not all(parts):
        raise UsageError(f"--platform is {text!r}", hint="write it like linux/arm64 or linux/arm/v7")
    return Platform(parts[1], parts[2] if parts[2:] else "", parts[0])


def _file(args: argparse.Namespace, directory: Path) -> Spec:
    if args.file:
        return checked(spec_file.load(Path(args.file)), Path(args.file), args.name)
    return checked(spec_file.find(directory), directory / spec_file.FILE_NAME, args.name)


def checked(spec: Spec, path: Path, name: str) -> Spec:
    """*spec*, which is at *path*, when it may be that of *name*.

    :raises UsageError: When it says that it is another one's.
    """
    if spec.name not in (None, name):
        raise UsageError(
            f"'{path}' is for {spec.name!r}, not for {name!r}", hint="name the right one with -f FILE"
        )
    return spec


def _check_name(name: str) -> None:
    _parse("NAME", partial(SPEC.said, "name"), name)


def _with_platform(source: Source, text: str | None) -> Source:
    if not text:
        return source
    wanted = platform(text)
    if source.platform and not wanted.runs(source.platform):
        raise SdkError(
            f"--platform is {text}, the programs are for {source.platform}",
            hint="leave out --platform, or give programs for it: --from DIR",
            code="mixed-architectures",
        )
    return Source(source.groups, wanted)


def _library_path(spec: Spec) -> list[str]:
    return [path for path in (spec.env or {}).get("LD_LIBRARY_PATH", "").split(":") if path]


def _option(args: argparse.Namespace, name: str) -> Any:
    text = getattr(args, name)
    return None if text is None else _parse(f"--{name}", partial(SPEC.said, name), text)


def _pairs(option: str, texts: Iterable[str] | None) -> dict[str, str] | None:
    for text in texts or ():
        if "=" not in text:
            raise UsageError(f"{option} {text!r} has no '='", hint=f"write it like {option} KEY=VALUE")
        if not re.fullmatch(r"[^\s=]+", text.partition("=")[0]):
            raise UsageError(f"{option} {text!r}: {text.partition('=')[0]!r} can't be a name")
    return dict(text.split("=", 1) for text in texts) if texts else None


def _each(option: str, parse: Any, texts: Sequence[str] | None) -> tuple[Any, ...] | None:
    return tuple(_parse(option, parse, text) for text in texts) if texts else None


def _parse(option: str, parse: Any, text: str) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
