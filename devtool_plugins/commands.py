"""The commands, and how each is added to a parser and run."""

from __future__ import annotations

import argparse
import importlib
from typing import Any

MODULES = (
    "container_build",
    "container_deploy",
    "container_undeploy",
    "container_status",
    "container_run",
    "container_test",
    "container_inspect",
    "k8s_deploy",
    "sdk_update",
)
"""In the order of devtool's help. Every one has NAME, HELP, DESCRIPTION, add_arguments and run."""


def modules() -> list[Any]:
    """The command modules; importing one costs argparse only."""
    return [load(name) for name in MODULES]


def load(name: str) -> Any:
    return importlib.import_module(f"devtool_plugins.{name}")


def add(subparsers: Any, module: Any, **options: Any) -> argparse.ArgumentParser:
    """Add the command of *module*, unless something else has that name already."""
    known: argparse.ArgumentParser | None = subparsers.choices.get(module.NAME)
    if known is not None:
        return known
    parser: argparse.ArgumentParser = subparsers.add_parser(
        module.NAME, help=module.HELP, description=module.DESCRIPTION, **options
    )
    module.add_arguments(parser)
    return parser
