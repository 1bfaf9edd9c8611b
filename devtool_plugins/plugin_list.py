"""`list`: every plugin that was found, and why those that can't be used can't."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devtool_plugins.session import Session
    from sdk_hooks.core.registry import Plugins

NAME = "list"
HELP = "Show the plugins that are installed, the broken ones with the reason"
DESCRIPTION = HELP + "."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the answer")


def run(args: argparse.Namespace, session: Session) -> int:
    import json

    from sdk_hooks.core.ui import table

    plugins = session.plugins
    if args.format == "json":
        print(json.dumps(_answer(plugins), indent=2))
        return 0
    rows: list[tuple[str, ...]] = [("PLUGIN", "FROM", "STATE")]
    rows += [(entry.name, entry.distribution, entry.problem or "ok") for entry in plugins.entries]
    print(table(rows))
    for (family, name), modules in plugins.conflicts().items():
        session.ui.warning(f"{family} {name!r} is provided by {' and '.join(modules)}: neither can be used")
    return 0


def _answer(plugins: Plugins) -> dict[str, object]:
    from sdk_hooks.core.registry import FAMILIES

    entries = [
        {"name": e.name, "distribution": e.distribution, "problem": e.problem, "hooks": e.hooks}
        for e in plugins.entries
    ]
    families = {
        family: [{"name": m.name, "summary": m.summary} for m in plugins.family(family).values()]
        for family in FAMILIES
    }
    conflicts = [
        {"family": family, "name": name, "modules": modules}
        for (family, name), modules in plugins.conflicts().items()
    ]
    return {"plugins": entries, "families": families, "conflicts": conflicts}
