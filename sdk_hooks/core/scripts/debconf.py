"""debconf: questions that nobody is asked, and what their templates say is answered then."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sdk_hooks.core.scripts.call import Call, Command

_FIELD = re.compile(r"^(Template|Default):[ \t]*(.*)$", re.MULTILINE)


def defaults(templates: bytes) -> Mapping[str, str]:
    """The answers that a package's templates give, by question."""
    found: dict[str, str] = {}
    for text in templates.decode(errors="replace").split("\n\n"):
        fields = dict(_FIELD.findall(text))
        if "Template" in fields:
            found[fields["Template"].strip()] = fields.get("Default", "").strip()
    return found


def command(call: Call) -> int:
    """A question: `db_get` gives its answer, `db_set` changes that, the others do nothing."""
    question, *rest = call.words or [""]
    if call.name == "db_get":
        call.shell.variables["RET"] = call.root.answers.get(question, "")
    elif call.name == "db_set":
        call.root.answers[question] = " ".join(rest)
    return 0


_NAMES = (
    "get",
    "input",
    "go",
    "version",
    "stop",
    "set",
    "fset",
    "beginblock",
    "endblock",
    "capb",
    "title",
    "unregister",
    "reset",
    "purge",
    "subst",
)
COMMANDS: dict[str, Command] = {f"db_{name}": command for name in _NAMES}
