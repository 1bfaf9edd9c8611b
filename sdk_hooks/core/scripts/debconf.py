"""debconf: questions that nobody is asked, and what their templates and packages' own scripts answer."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sdk_hooks.core.scripts.call import Call, Command

_FIELD = re.compile(r"^([A-Za-z-]+):[ \t]*(.*)$", re.MULTILINE)


def templates(text: bytes) -> Mapping[str, dict[str, str]]:
    """The fields of a package's templates, their names in lower case, by question."""
    found: dict[str, dict[str, str]] = {}
    for paragraph in text.decode(errors="replace").split("\n\n"):
        fields = {name.lower(): value.strip() for name, value in _FIELD.findall(paragraph)}
        if "template" in fields:
            found[fields["template"]] = {**fields, "value": fields.get("default", "")}
    return found


def command(call: Call) -> int:
    """What shell scripts call (debconf-devel(7)); the others of its commands do nothing."""
    question, key, *rest = (*call.words, "", "")
    known = call.root.questions.setdefault(question, {})
    match call.name:
        case "db_get":
            call.shell.variables["RET"] = known.get("value", "")
        case "db_set":
            known["value"] = " ".join((key, *rest)).rstrip()
        case "db_fget":
            call.shell.variables["RET"] = known.get(f" {key}", "false")
        case "db_fset":
            known[f" {key}"] = rest[0]
        case "db_metaget":
            call.shell.variables["RET"] = known.get(key.removesuffix("-c"), "")
        case "db_input":
            return 30  # it is not shown
    return 0


_NAMES = (
    "get",
    "set",
    "fget",
    "fset",
    "metaget",
    "input",
    "go",
    "version",
    "stop",
    "beginblock",
    "endblock",
    "capb",
    "title",
    "settitle",
    "info",
    "register",
    "unregister",
    "reset",
    "purge",
    "subst",
)
COMMANDS: dict[str, Command] = {f"db_{name}": command for name in _NAMES}
