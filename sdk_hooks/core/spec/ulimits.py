"""`ulimits:` as compose files write it: `nofile: 1024`, or both of its limits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from sdk_hooks.core.spec.kinds import Section, Text
from sdk_hooks.limits import Ulimit

NAMES = (
    "as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss",
    "rtprio", "rttime", "sigpending", "stack",
)  # fmt: skip
"""Without RLIMIT_."""


@dataclass(frozen=True)
class Either:
    """A scalar in short, or a mapping in full."""

    short: Text
    full: Section

    def read(self, node: yaml.Node, key: str) -> Any:
        return (self.full if isinstance(node, yaml.MappingNode) else self.short).read(node, key)

    def schema(self) -> dict[str, Any]:
        return {"oneOf": [self.short.schema(), self.full.schema()]}


def _number(text: str) -> int:
    if not re.fullmatch(r"-1|[0-9]+", text):
        raise ValueError(f"{text!r} is neither a whole number nor -1, for none")
    return int(text)


def _both(text: str) -> tuple[int, int]:
    return (_number(text), _number(text))


def _pair(soft: int, hard: int) -> tuple[int, int]:
    if hard >= 0 and not 0 <= soft <= hard:
        raise ValueError(f"the soft limit {soft} is over the hard one {hard}")
    return (soft, hard)


_JSON = {"type": "integer", "minimum": -1}
_LIMIT = Text("a number, or -1 for no limit", _number, _JSON)
_LIMITS = Section("both limits", {"soft": _LIMIT, "hard": _LIMIT}, _pair, required=("soft", "hard"))
ULIMITS = Section(
    "limits of each process",
    {name: Either(Text("both limits in one, -1 for none", _both, _JSON), _LIMITS) for name in NAMES},
    lambda **found: tuple(Ulimit(name, *limits) for name, limits in sorted(found.items())),
)
