"""Tries each test until it holds or its time is over."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sdk_hooks.core.shell import quoted
from sdk_hooks.core.spec.checks import Check, Http
from sdk_hooks.core.trial.subject import Subject

_LEAST = 1.0
"""Seconds that also the last attempt gets."""
_SHOWN = 300
_BODY = 1 << 20
"""Bytes of an answer that are looked at."""


@dataclass(frozen=True)
class Verdict:
    """What came of one test."""

    name: str
    kind: str
    """command, http or log."""
    passed: bool
    seconds: float
    expected: str
    seen: str
    """At the last attempt; empty when it passed."""


def run(
    subject: Subject, checks: Iterable[Check], tell: Callable[[Verdict], None], part: str = ""
) -> list[Verdict]:
    """Try all of *checks* on *subject*, in order, and *tell* each result at once.

    :param part: What *subject* is called among several, which the names of its tests begin with.
    """
    verdicts: list[Verdict] = []
    for check, name in named(checks):
        verdicts.append(_tried(subject, check, f"{part}: {name}" if part else name))
        tell(verdicts[-1])
    return verdicts


def named(checks: Iterable[Check]) -> list[tuple[Check, str]]:
    """Each test with a name of its own: reports tell tests apart by nothing else."""
    found: dict[str, Check] = {}
    for check in checks:
        name = base = check.name or _name(check)
        count = 1
        while name in found:
            count += 1
            name = f"{base} ({count})"
        found[name] = check
    return [(check, name) for name, check in found.items()]


def _name(check: Check) -> str:
    if check.http:
        return f"http {check.http.port}{check.http.path}"
    return quoted(check.command) if check.command else f"log {check.log}"


def expected(check: Check) -> str:
    """What has to be seen, in words."""
    if check.http:
        body = [] if check.http.body is None else [f"body matching {check.http.body!r}"]
        return ", ".join([f"status {check.http.status}", *body])
    if check.command:
        output = [] if check.output is None else [f"output matching {check.output!r}"]
        error = [] if check.stderr is None else [f"error output matching {check.stderr!r}"]
        return ", ".join([f"exit {check.exit}", *output, *error])
    return f"a line matching {check.log!r}"


def _tried(subject: Subject, check: Check, name: str) -> Verdict:
    started, pause = time.monotonic(), 0.1
    while True:
        left = check.within - (time.monotonic() - started)
        over = subject.over()  # before the look: what it printed at its end is then seen too
        seen = over if over and check.kind != "log" else _look(subject, check, max(left, _LEAST))
        seconds = time.monotonic() - started
        if not seen or over or seconds >= check.within:
            return Verdict(name, check.kind, not seen, round(seconds, 3), expected(check), seen)
        time.sleep(min(pause, check.within - seconds))
        pause = min(pause * 1.5, 1.0)


def _look(subject: Subject, check: Check, seconds: float) -> str:
    """What is seen instead of what is expected; empty when it holds."""
    if check.http:
        return _answer(subject, check.http, seconds)
    return _command(subject, check, seconds) if check.command else _line(subject.log(), check.log or "")


def _command(subject: Subject, check: Check, seconds: float) -> str:
    done = subject.exec(check.command, seconds)
    if done is None:
        return f"no end within {seconds:.0f} s"
    good = done.status == check.exit and _matches(check.output, done.output)
    if good and _matches(check.stderr, done.error):
        return ""
    said = {"output": done.output, "error output": done.error}
    return ", ".join(
        [f"exit {done.status}", *(f"{name} {short(text)}" for name, text in said.items() if text)]
    )


def _line(log: str, pattern: str) -> str:
    lines = log.splitlines()
    if any(re.search(pattern, line) for line in lines):
        return ""
    return f"none of {len(lines)}, the last is {short(lines[-1])}" if lines else "no output"


def _answer(subject: Subject, wanted: Http, seconds: float) -> str:
    try:
        with subject.connect(wanted.port, seconds) as stream:
            client = http.client.HTTPConnection("localhost", wanted.port)
            client.sock = stream
            client.request("GET", wanted.path, headers={"Connection": "close"})
            answer = client.getresponse()
            body = answer.read(_BODY).decode(errors="replace")
    except TimeoutError:
        return f"no answer within {seconds:.0f} s"
    except (OSError, http.client.HTTPException) as error:
        what = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return f"no answer: {what.lower()}"
    if answer.status == wanted.status and _matches(wanted.body, body):
        return ""
    return f"status {answer.status}, {f'body {short(body)}' if body else 'no body'}"


def _matches(pattern: str | None, text: str) -> bool:
    return pattern is None or re.search(pattern, text, re.MULTILINE) is not None


def short(text: str) -> str:
    """*text* quoted in one line, its end left out when it is long."""
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}... ({len(text)} characters)"
