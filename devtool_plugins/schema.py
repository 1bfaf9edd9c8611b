"""`schema`: the JSON Schemas of container.yaml, for editors, and of container.lock."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devtool_plugins.session import Session

NAME = "schema"
HELP = "Print the JSON Schema of container.yaml, for editors; or of container.lock"
DESCRIPTION = (
    HELP + ". In VS Code, and wherever yaml-language-server runs, write the output to a file and begin "
    "container.yaml with: # yaml-language-server: $schema=FILE"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lock", action="store_true", help="that of container.lock")


def run(args: argparse.Namespace, session: Session) -> int:
    import json

    from sdk_hooks.core.bom import lockfile
    from sdk_hooks.core.spec.read import json_schema

    found = lockfile.json_schema() if args.lock else json_schema(session.plugins.devices())
    print(json.dumps(found, indent=2))
    return 0
