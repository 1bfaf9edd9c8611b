"""Talks to the SDK: the only module, with `sdk_task.py`, that imports bb, oe and devtool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdk_hooks.core.tree import Source
from sdk_hooks.families import Progress


@dataclass(frozen=True)
class Recipe:
    """A workspace recipe, built: its files and what it says about its image."""

    source: Source
    variables: Mapping[str, str]
    """OCI_IMAGE_* and OCI_BASE_IMAGE, as the recipe sets them."""
    epoch: int


class Sdk:
    """The SDK, as devtool's commands are given it.

    :param config: devtool's configuration.
    :param basepath: Of the SDK, or of the build directory.
    :param workspace: Recipes of the workspace by name.
    """

    def __init__(self, config: Any, basepath: str, workspace: Mapping[str, Any]) -> None:
        self.config, self.basepath, self.workspace = config, basepath, workspace

    def images(self) -> Path:
        """DEPLOY_DIR_IMAGE."""
        raise NotImplementedError

    def source_tree(self, name: str) -> Path:
        """Where the sources of the workspace recipe *name* are edited."""
        raise NotImplementedError

    def read(self, name: str, progress: Progress) -> Recipe:
        """Build the workspace recipe *name* and read its files with what they need at run time."""
        raise NotImplementedError
