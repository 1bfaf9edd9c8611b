"""Reads files of variables: `.env` beside a compose file, and what its `env_file:` names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from sdk_hooks.core.spec.interpolation import expand
from sdk_hooks.core.spec.kinds import SpecError

_QUOTED = re.compile(r"""(?:'(?P<plain>[^']*)'|"(?P<coded>(?:\\.|[^"\\])*)")\s*(?:#.*)?""")
_CODES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$$"}
"""What follows a backslash between double quotes; anything else stands for itself, with the backslash."""


def read(path: Path, known: Mapping[str, str]) -> dict[str, str]:
    """The variables in the file at *path*: lines `NAME=VALUE`, remarks, quotes around a value.

    `${NAME}` in a value that is not in single quotes is that of *known*, else of a line before; else empty.

    :raises SpecError: When it can't be read, or `${NAME:?message}` is not set.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"'{path}' can't be read as UTF-8 text", detail=str(error)) from error

    def missing(name: str, why: str | None) -> str:
        if why is None:
            return ""
        more = f": {why}" if why else ""
        raise SpecError(f"{path}:{number}: the variable {name!r} is not set{more}", hint=f"export {name}=...")

    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):  # noqa: B007  for what is missing
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            text = _plain(value.strip())
            found[key.strip().removeprefix("export ")] = (
                text[1] if text[0] else expand(text[1], {**found, **known}, missing)
            )
    return found


def _plain(value: str) -> tuple[bool, str]:
    """Whether *value* is to be taken as it is; and it without quotes around it, or the remark after it."""
    quoted = _QUOTED.fullmatch(value)
    if quoted is None:
        return False, re.split(r"(?:^|\s+)#", value)[0].strip()
    if quoted["plain"] is not None:
        return True, quoted["plain"]
    return False, re.sub(r"\\(.)", lambda code: _CODES.get(code[1], code[0]), quoted["coded"])
