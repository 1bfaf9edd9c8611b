"""How `sdk-update` tells what it found and what it did."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sdk_hooks.core.ui import human, table
from sdk_hooks.errors import SdkError

if TYPE_CHECKING:
    from devtool_plugins.session import Session
    from sdk_hooks.core.deploy.order import Outcome
    from sdk_hooks.core.update.apply import Result
    from sdk_hooks.core.update.finding import Findings
    from sdk_hooks.core.update.journal import Journal
    from sdk_hooks.core.update.redeploy import Redeployed

_HEAD = ("CONTAINER", "WHAT", "NAME", "NOW", "UPDATE")


def findings(args: argparse.Namespace, session: Session, found: Findings) -> None:
    """Print what a check has found."""
    for note in found.notes:
        session.ui.warning(note)
    problems(session, found)
    if args.format == "json":
        print(json.dumps(found.to_json(), indent=2))
        return
    rows = [_filled(row) for row in found.rows]
    if rows:
        _print([_HEAD, *rows])
    if not (found.updates or found.problems):
        session.ui.step("everything is up to date")


def problems(session: Session, found: Findings) -> None:
    """Say of which containers nobody can tell whether they are affected."""
    for name, error in found.problems.items():
        session.ui.error(f"{name}: {error}")


def results(args: argparse.Namespace, session: Session, found: Sequence[Result]) -> int:
    """Print what came of an update; gives the exit status."""
    for each in found:
        if each.error:
            session.ui.error(f"{each.name}: {each.error}")
    if args.format == "json":
        print(json.dumps([_record(each) for each in found], indent=2))
    elif found:
        rows = [_filled((each.name, each.word, each.old[:19], each.new[:19])) for each in found]
        _print([("CONTAINER", "RESULT", "BEFORE", "NOW"), *rows])
    return 1 if any(each.error for each in found) else 0


def deployed(
    args: argparse.Namespace,
    session: Session,
    targets: Sequence[str],
    answers: Sequence[list[Redeployed] | SdkError],
) -> int:
    """Print what came of deploying to *targets*; gives the exit status."""
    failed = [
        (target, each) for target, each in zip(targets, answers, strict=True) if isinstance(each, SdkError)
    ]
    done = [each for answer in answers if not isinstance(answer, SdkError) for each in answer]
    failed += [(each.target, each.outcome) for each in done if isinstance(each.outcome, SdkError)]
    for target, error in failed:
        session.ui.error(f"{target}: {error}")
    rows = [(each.target, each.name, _result(each.outcome), _sent(each.outcome)) for each in done]
    if args.format == "json":
        keys = ("target", "name", "result", "sent")
        print(json.dumps([dict(zip(keys, row, strict=True)) for row in rows], indent=2))
    elif rows:
        _print([("TARGET", "CONTAINER", "RESULT", "SENT"), *rows])
    else:
        session.ui.step("on the targets runs what is here")
    return 1 if failed else 0


def _result(outcome: Outcome | SdkError) -> str:
    return f"failed [{outcome.code}]" if isinstance(outcome, SdkError) else outcome.result


def _sent(outcome: Outcome | SdkError) -> str:
    if isinstance(outcome, SdkError):
        return "-"
    count = outcome.sent.layers
    return f"{human(outcome.sent.wire)} in {count} layer{'s' * (count != 1)}"


def gone_back(args: argparse.Namespace, journal: Journal) -> int:
    """Print what was put back; gives the exit status."""
    places = [live for live, _ in journal.kept]
    print(json.dumps({"restored": places}, indent=2) if args.format == "json" else "\n".join(places))
    return 0


def _record(each: Result) -> dict[str, Any]:
    error = {"code": each.error.code, "error": each.error.what} if each.error else {}
    digests = {"old": each.old, "new": each.new}
    return {"name": each.name, "image": each.image, "result": each.word, **digests, **error}


def _filled(row: Sequence[str]) -> tuple[str, ...]:
    return tuple(cell or "-" for cell in row)


def _print(rows: list[tuple[str, ...]]) -> None:
    """As a table: with lines where rich is there and somebody looks at it."""
    if sys.stdout.isatty():
        try:
            _rich(rows)
        except ImportError:
            pass
        else:
            return
    print(table(rows))


def _rich(rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table(*rows[0])
    for row in rows[1:]:
        made.add_row(*map(Text, row))  # names of packages are no markup
    Console().print(made)
