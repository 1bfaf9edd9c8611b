"""What every command gets: a voice, the plugins, and the SDK when there is one."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sdk_hooks.core.registry import Plugins
    from sdk_hooks.core.sdk.workspace import Sdk
    from sdk_hooks.core.ui import Ui


class Session:
    """One run of one command. What is dear to make is made when it is first asked for.

    :param sdk: The SDK that devtool runs in, None outside of devtool.
    """

    def __init__(self, ui: Ui, sdk: Sdk | None = None) -> None:
        self.ui = ui
        self.sdk = sdk

    @cached_property
    def plugins(self) -> Plugins:
        from sdk_hooks.core.registry import load

        return load()

    @cached_property
    def images(self) -> Path:
        """The directory of built images: the SDK's deploy directory, else the user's own store."""
        from sdk_hooks.core.images import store

        return self.sdk.images() if self.sdk else store()
