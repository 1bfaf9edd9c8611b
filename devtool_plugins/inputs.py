"""Brings together what the command line, container.yaml, the recipe and the defaults say."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from devtool_plugins.session import Session
from sdk_hooks.core import build
from sdk_hooks.core.files import tree
from sdk_hooks.core.files.tree import Source
from sdk_hooks.core.spec import read as spec_file
from sdk_hooks.core.spec import values
from sdk_hooks.core.spec.model import SPEC, Spec
from sdk_hooks.errors import SdkError, UsageError
from sdk_hooks.target import Platform


@dataclass(frozen=True)
class Inputs:
    """All that a build needs."""

    source: Source
    spec: Spec
    epoch: int
    watched: tuple[str, ...]
    """What `container-deploy --watch` looks at: install tree or sources, and container.yaml."""


def read(args: argparse.Namespace, session: Session) -> Inputs:
    """The inputs of `container-build`.

    :raises SdkError: When they can't be read, or do not fit together.
    """
    spec = from_command_line(args)
    _check_name(args.name)
    if args.tree:
        spec = spec.over(_file(args, Path.cwd()))
        source = tree.read(args.tree, sysroot(args), spec.include or (), _library_path(spec))
        watched = (os.path.abspath(args.tree), os.path.abspath(args.file or spec_file.FILE_NAME))
        return Inputs(_with_platform(source, args.platform), spec, build.source_date_epoch(), watched)
    if session.sdk is None:
        raise UsageError(
            f"there is no SDK here that could have a recipe {args.name!r}",
            hint=f"in an eSDK run: devtool container-build {args.name}; else give a tree: --from DIR",
            code="no-sdk",
        )
    sources = session.sdk.source_tree(args.name)
    spec = spec.over(_file(args, sources))
    recipe = session.sdk.read(args.name, session.ui)
    spec = spec.over(spec_file.from_variables(recipe.variables))
    # not the recipe's SOURCE_DATE_EPOCH: in a workspace it is the time of the last edit, new for every layer
    epoch = build.source_date_epoch()
    return Inputs(_with_platform(recipe.source, args.platform), spec, epoch, (str(sources),))


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
        ports=tuple(_parse("--port", values.port, text) for text in args.port) if args.port else None,
        user=_option(args, "user"),
        workdir=_option(args, "workdir"),
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
        return spec_file.load(Path(args.file))
    return checked(spec_file.find(directory), directory / spec_file.FILE_NAME, args.name)


def checked(spec: Spec, path: Path, name: str) -> Spec:
    """*spec*, which was found at *path*, when it may be that of *name*.

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
            f"--platform is {text}, the programs are for {source.platform}", code="mixed-architectures"
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
    return dict(text.split("=", 1) for text in texts) if texts else None


def _parse(option: str, parse: Any, text: str) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
