"""`schema`: the JSON Schemas of container.yaml, for editors, of container.lock and of container-inspect."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from devtool_plugins.session import Session

NAME = "schema"
HELP = "Print the JSON Schema of container.yaml, for editors; or of other JSON"
DESCRIPTION = (
    HELP + ". In VS Code, and wherever yaml-language-server runs, write the output to a file and begin "
    "container.yaml with: # yaml-language-server: $schema=FILE"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    others = parser.add_mutually_exclusive_group()
    others.add_argument("--lock", action="store_true", help="that of container.lock")
    others.add_argument("--inspect", action="store_true", help="that of container-inspect --format json")


def run(args: argparse.Namespace, session: Session) -> int:
    import json

    print(json.dumps(_schema(args, session), indent=2))
    return 0


def _schema(args: argparse.Namespace, session: Session) -> dict[str, Any]:
    from sdk_hooks.core.bom import answer, lockfile
    from sdk_hooks.core.spec.read import json_schema

    if args.lock:
        return lockfile.json_schema()
    return answer.schema() if args.inspect else json_schema(session.plugins.devices())
