"""What `hooks:` can say: programs that a runtime without an engine calls while a container comes and goes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from sdk_hooks.core.spec import texts, values
from sdk_hooks.core.spec.kinds import Many, Pairs, Section, Text, Words
from sdk_hooks.hook import Hook

STAGES = {
    "createRuntime": "before the container's root is entered; when one fails the container does not start",
    "createContainer": "the same, in the container's namespaces",
    "startContainer": "in the container, before its program; their paths are the container's",
    "poststart": "after the container's program was started",
    "poststop": "after the container was deleted",
}
"""When they are called; the deprecated prestart is createRuntime."""


def _seconds(text: str) -> int:
    if not texts.duration(text):
        raise ValueError(f"{text!r} is no time: leave it out for no limit")
    return math.ceil(texts.duration(text))


def _hook(env: Mapping[str, str] | None = None, **rest: Any) -> Hook:
    return Hook("", env=tuple(f"{key}={value}" for key, value in (env or {}).items()), **rest)


def _hooks(**found: Iterable[Hook]) -> tuple[Hook, ...]:
    staged = {stage: found.get(stage, ()) for stage in STAGES}
    return tuple(
        Hook(stage, hook.path, hook.args, hook.env, hook.timeout)
        for stage, hooks in staged.items()
        for hook in hooks
    )


_HOOK = Section(
    "a program",
    {
        "path": Text("its absolute path", values.inside, values.INSIDE),
        "args": Words("its arguments, the first of which is its own name"),
        "env": Pairs("all of its environment"),
        "timeout": Text(
            "whole seconds such as 5s, without a limit by default", _seconds, {"type": ["string", "number"]}
        ),
    },
    _hook,
    required=("path",),
)
HOOKS = Section(
    "programs of the target that a runtime without an engine calls, as the runtime-spec has them; "
    "each should read the container's state from its standard input: some runtimes fail, at times, "
    "for one that does not",
    {stage: Many(doc, _HOOK) for stage, doc in STAGES.items()},
    _hooks,
)
