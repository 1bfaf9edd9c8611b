"""Where devtool comes in: registers the commands, and turns its way of calling into ours."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from devtool_plugins import commands, sdk_update

GROUP, TITLE = "container", "Containers"
_ORDER = 40
"""Among devtool's groups: after those that build and before those that maintain the SDK."""


def register(subparsers: Any, context: Any, plugins: Sequence[Any] = ()) -> None:
    """Add our commands to devtool's, in a group of their own.

    :param plugins: All of devtool's, ours among them.
    """
    subparsers.add_subparser_group(GROUP, TITLE, _ORDER)
    for module in commands.modules():
        if (
            module.NAME == sdk_update.NAME
            and getattr(context, "fixed_setup", False)
            and _around(subparsers, plugins)
        ):
            continue
        parser = commands.add(subparsers, module, group=GROUP)
        if parser.get_default("func") is None:
            parser.set_defaults(func=_bridge(module))


def _around(subparsers: Any, plugins: Sequence[Any]) -> bool:
    """Take devtool's own sdk-update into ours, now or when it is registered; False when there is none."""
    if sdk_update.NAME in subparsers.choices:
        _extend(subparsers.choices[sdk_update.NAME])
        return True
    own = next((each for each in plugins if each.__name__ == "sdk"), None)
    register_own = getattr(own, "register_commands", None)
    if register_own is None:
        return False

    def both(subparsers: Any, context: Any) -> None:
        register_own(subparsers, context)
        try:
            _extend(subparsers.choices[sdk_update.NAME])
        except Exception as error:  # whatever is broken here, devtool's own has to work
            logging.getLogger("devtool").warning("sdk-update does not know of containers: %s", error)

    own.register_commands = both  # type: ignore[union-attr]  # it is not None
    return True


def _extend(parser: argparse.ArgumentParser) -> None:
    stock = parser.get_default("func")
    sdk_update.extend(parser)
    parser.set_defaults(func=_bridge(sdk_update), stock=stock)


def _bridge(module: Any) -> Callable[..., int]:
    def run(args: argparse.Namespace, config: Any, basepath: str, workspace: Mapping[str, Any]) -> int:
        from devtool import DevtoolError

        try:
            return _run(module, args, config, basepath, workspace)
        except KeyboardInterrupt:
            raise DevtoolError("interrupted", 130) from None

    return run


def _run(
    module: Any, args: argparse.Namespace, config: Any, basepath: str, workspace: Mapping[str, Any]
) -> int:
    from devtool import DevtoolError

    from devtool_plugins.session import Session
    from sdk_hooks.core.sdk.workspace import Sdk
    from sdk_hooks.core.ui import Ui
    from sdk_hooks.errors import SdkError, of_system

    session = Session(Ui(quiet=getattr(args, "quiet", False)), Sdk(config, basepath, workspace))
    try:
        return int(module.run(args, session))
    except SdkError as error:
        raise DevtoolError(str(error)) from error  # devtool prints it without a traceback
    except OSError as error:
        raise DevtoolError(str(of_system(error))) from error
