"""Where devtool comes in: registers the commands, and turns its way of calling into ours."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from devtool_plugins import commands

GROUP, TITLE = "container", "Containers"
_ORDER = 40
"""Among devtool's groups: after those that build and before those that maintain the SDK."""


def register(subparsers: Any, context: Any) -> None:  # noqa: ARG001  devtool's signature
    """Add our commands to devtool's, in a group of their own."""
    subparsers.add_subparser_group(GROUP, TITLE, _ORDER)
    for module in commands.modules():
        parser = commands.add(subparsers, module, group=GROUP)
        if parser.get_default("func") is None:
            parser.set_defaults(func=_bridge(module))


def _bridge(module: Any) -> Callable[..., int]:
    def run(args: argparse.Namespace, config: Any, basepath: str, workspace: Mapping[str, Any]) -> int:
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
        except KeyboardInterrupt:
            raise DevtoolError("interrupted", 130) from None

    return run
