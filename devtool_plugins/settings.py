"""Options that say how a container is run, over what its image says."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from devtool_plugins.session import Session
    from sdk_hooks.container import Settings
    from sdk_hooks.image import Image


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("settings, over those of the image")
    group.add_argument("--env", action="append", metavar="KEY=VALUE", default=[], help="may be repeated")
    group.add_argument(
        "--port",
        action="append",
        metavar="HOST:PORT",
        default=[],
        help="may be repeated; over all of the image's",
    )
    group.add_argument("--volume", action="append", metavar="SOURCE:PATH", default=[], help="may be repeated")
    group.add_argument("--tmpfs", action="append", metavar="PATH[:size=SIZE]", default=[],
                       help="a directory in memory; may be repeated")  # fmt: skip
    add_devices(group)
    group.add_argument(
        "--network", choices=("host", "bridge", "none"), help="(default: host, or bridge to move ports)"
    )
    group.add_argument("--memory", metavar="SIZE", help="limit, such as 64M")
    group.add_argument("--cpus", metavar="N", help="limit, such as 0.5")
    group.add_argument("--restart", metavar="POLICY", help="no, always, unless-stopped, on-failure[:N]")


def add_devices(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--device",
        action="append",
        metavar="/dev/NODE[:/PATH]",
        default=[],
        help="or by what it is, such as gpu=first, or the name of a CDI device; may be repeated",
    )


def directory(args: argparse.Namespace, session: Session) -> Path:
    """Where images are looked for."""
    return Path(args.directory) if args.directory else session.images


def of_image(image: Image) -> Settings:
    """The settings that *image* was built with.

    :raises SdkError: When they can't be read.
    """
    from sdk_hooks.container import Settings
    from sdk_hooks.core.spec import annotation
    from sdk_hooks.errors import SdkError
    from sdk_hooks.image import SETTINGS

    text = image.manifest.get("annotations", {}).get(SETTINGS)
    try:
        return annotation.settings_from_json(text) if text else Settings()
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        what = f"the annotation {SETTINGS} of {image.name} can't be read"
        raise SdkError(what, detail=str(error), hint="build the image again", code="bad-settings") from error


_OPTIONS = ("env", "port", "volume", "tmpfs", "device", "network", "memory", "cpus", "restart")


def refuse(args: argparse.Namespace, file: Path) -> None:
    """Refuse options that are for one container: which of those in *file* would be meant?

    :raises UsageError: Naming the option.
    """
    from sdk_hooks.errors import UsageError

    for name in _OPTIONS:
        if getattr(args, name):
            raise UsageError(f"--{name} is for one container", hint=f"write it into '{file}'")


def with_devices(args: argparse.Namespace, image: Image) -> Settings:
    """The settings of *image* with the devices of the options.

    :raises UsageError: When one of these makes no sense.
    """
    from dataclasses import replace

    from sdk_hooks.core.spec import values

    found = of_image(image)
    devices = tuple(_parse("--device", values.device, text) for text in args.device)
    return replace(found, devices=found.devices + devices)


def apply(args: argparse.Namespace, image: Image) -> Settings:
    """The settings of *image* with the options over them.

    :raises UsageError: Naming the option whose value makes no sense.
    """
    from dataclasses import replace

    from sdk_hooks.core.spec import values

    found = with_devices(args, image)
    limits = replace(
        found.resources,
        **_given(
            memory=_parse("--memory", values.memory, args.memory),
            cpus=_parse("--cpus", values.cpus, args.cpus),
        ),
    )
    volumes = tuple(_parse("--volume", values.volume, text) for text in args.volume)
    tmpfs = tuple(_parse("--tmpfs", values.tmpfs, text) for text in args.tmpfs)
    instead = {each.target.rstrip("/") for each in (*volumes, *tmpfs)}
    return replace(
        found,
        env={**found.env, **_env(args.env)},
        volumes=(*(each for each in found.volumes if each.target.rstrip("/") not in instead), *volumes),
        tmpfs=(*(each for each in found.tmpfs if each.target.rstrip("/") not in instead), *tmpfs),
        resources=limits,
        **_given(
            ports=tuple(_parse("--port", values.port, text) for text in args.port) or None,
            network=args.network,
            networks=() if args.network else None,
            restart=_parse("--restart", values.restart, args.restart),
        ),
    )


def words(option: str, text: str) -> tuple[str, ...]:
    """The words of *text*, as a shell has them.

    :raises UsageError: When a quotation is not closed.
    """
    from sdk_hooks.core.spec.kinds import Words

    return tuple(_parse(option, Words("").parse, text))


def _env(texts: list[str]) -> dict[str, str]:
    from sdk_hooks.errors import UsageError

    for text in texts:
        if "=" not in text:
            raise UsageError(f"--env {text!r} has no '='", hint="write it like --env KEY=VALUE")
        if not re.fullmatch(r"[^\s=]+", text.partition("=")[0]):
            raise UsageError(f"--env {text!r}: {text.partition('=')[0]!r} can't be a name")
    return dict(text.split("=", 1) for text in texts)


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _parse(option: str, parse: Any, text: str | None) -> Any:
    from sdk_hooks.errors import UsageError

    if text is None:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
