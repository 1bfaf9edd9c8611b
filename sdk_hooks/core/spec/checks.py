"""`tests:` of container.yaml: what has to hold while the container runs, which is no part of its image."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sdk_hooks.core.spec import texts, values
from sdk_hooks.core.spec.kinds import Many, Section, Text, Words
from sdk_hooks.target import Argv


@dataclass(frozen=True)
class Http:
    """A request and the answer that is expected; redirections are not followed."""

    port: int
    """Of the machine that the container runs on, else of the container."""
    path: str = "/"
    status: int = 200
    body: str | None = None


@dataclass(frozen=True)
class Check:
    """One test: a command, a request or a line of output. Texts that are expected are regular expressions."""

    name: str = ""
    command: Argv = ()
    http: Http | None = None
    log: str | None = None
    exit: int = 0
    output: str | None = None
    stderr: str | None = None
    within: float = 10.0
    """Seconds in which it has to hold once."""

    @property
    def kind(self) -> str:
        """command, http or log."""
        return "command" if self.command else "http" if self.http else "log"


_OF_COMMAND = ("exit", "output", "stderr")


def regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is not a regular expression: {error}") from error
    return text


def _number(what: str, low: int, high: int) -> Any:
    def parse(text: str) -> int:
        if not low <= texts.count(text) <= high:
            raise ValueError(f"{text!r} is not {what}")
        return int(text)

    return parse


def _check(http: Mapping[str, Any] | None = None, **rest: Any) -> Check:
    said = [kind for kind in ("command", "log") if kind in rest] + (["http"] if http is not None else [])
    if len(said) != 1:
        raise ValueError("give one of 'command', 'http' and 'log'")
    if rest.get("command") == ():
        raise ValueError("'command' is empty")
    for key in _OF_COMMAND:
        if key in rest and "command" not in rest:
            raise ValueError(f"{key!r} goes with 'command'")
    return Check(http=Http(**http) if http is not None else None, **rest)


_REGEX = {"type": ["string", "number", "boolean"]}

CHECKS = Many(
    "what container-test tries while the container runs",
    Section(
        "a test: a command, a request or a line of output",
        {
            "name": Text("a name for the report"),
            "command": Words("a command that is run in the container"),
            "exit": Text(
                "the exit status of the command, 0 by default",
                _number("an exit status", 0, 255),
                {"type": "integer", "minimum": 0, "maximum": 255},
            ),
            "output": Text("a regular expression that the command's output matches", regex, _REGEX),
            "stderr": Text("a regular expression that the command's error output matches", regex, _REGEX),
            "http": Section(
                "a request; redirections are not followed",
                {
                    "port": Text(
                        "a port of the target, else of the container", values.port_number, {"type": "integer"}
                    ),
                    "path": Text("a path, / by default", values.request_path),
                    "status": Text(
                        "the status of the answer, 200 by default",
                        _number("a status of HTTP", 100, 599),
                        {"type": "integer", "minimum": 100, "maximum": 599},
                    ),
                    "body": Text("a regular expression that the answer matches", regex, _REGEX),
                },
                required=("port",),
            ),
            "log": Text("a regular expression that a line of the container's output matches", regex, _REGEX),
            "within": Text(
                "a time such as 30s in which it has to hold once, 10s by default",
                texts.duration,
                {"type": ["string", "number"]},
            ),
        },
        _check,
    ),
)
