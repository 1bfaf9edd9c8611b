"""`schema`: the JSON Schema of container.yaml, for editors."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devtool_plugins.session import Session

NAME = "schema"
HELP = "Print the JSON Schema of container.yaml, for editors"
DESCRIPTION = (
    HELP + ". In VS Code, and wherever yaml-language-server runs, write the output to a file and begin "
    "container.yaml with: # yaml-language-server: $schema=FILE"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:  # it takes none
    del parser


def run(args: argparse.Namespace, session: Session) -> int:  # noqa: ARG001  it takes none
    import json

    from sdk_hooks.core.spec.read import json_schema

    print(json.dumps(json_schema(session.plugins.devices()), indent=2))
    return 0
