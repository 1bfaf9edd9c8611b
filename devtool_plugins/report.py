"""How the outcome of a deployment to several targets is told."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict

from devtool_plugins.session import Session
from sdk_hooks.core.deploy.order import Outcome
from sdk_hooks.core.ui import human, table
from sdk_hooks.errors import SdkError

Answer = Outcome | str | SdkError
"""What was done, the text of a dry run, or why it failed."""


def tell(args: argparse.Namespace, session: Session, answers: Sequence[Answer]) -> int:
    """Print the answer for each of `args.target`, and give the exit status.

    :raises SdkError: When there is one target and it failed.
    """
    failed = [answer for answer in answers if isinstance(answer, SdkError)]
    if len(answers) == 1 and failed:
        raise failed[0]
    for target, answer in zip(args.target, answers, strict=True):
        if isinstance(answer, SdkError):
            session.ui.error(f"{target}: {answer}")
    if args.dry_run:
        print("\n".join(answer for answer in answers if isinstance(answer, str)), end="")
    elif args.format == "json":
        rows = zip(args.target, answers, strict=True)
        print(json.dumps([_record(target, answer) for target, answer in rows], indent=2))
    else:
        rows = zip(args.target, answers, strict=True)
        print(
            table(
                [("TARGET", "RESULT", "STACK", "DIGEST", "SENT", "SECONDS"), *(_row(t, a) for t, a in rows)]
            )
        )
    return 1 if failed else 0


def _row(target: str, answer: Answer) -> tuple[str, ...]:
    if isinstance(answer, SdkError):
        return (target, f"failed [{answer.code}]", "", "", "", "")
    assert not isinstance(answer, str)  # noqa: S101  a dry run has no table
    count = answer.sent.layers
    sent = (
        f"{human(answer.sent.wire)} in {count} layer{'s' * (count != 1)}" if answer.sent.wire else "nothing"
    )
    digest = answer.digest[:19] or f"{answer.containers} container{'s' * (answer.containers != 1)}"
    return (target, answer.result, answer.stack, digest, sent, f"{answer.seconds:.1f}")


def _record(target: str, answer: Answer) -> dict[str, object]:
    if isinstance(answer, SdkError):
        return {"target": target, "result": "failed", "code": answer.code, "error": answer.what}
    assert not isinstance(answer, str)  # noqa: S101  a dry run has no record
    return asdict(answer)
