"""Reads files of variables: `.env` beside a compose file, and what its `env_file:` names."""

from __future__ import annotations

import re
from pathlib import Path

from sdk_hooks.core.spec.kinds import SpecError


def read(path: Path) -> dict[str, str]:
    """The variables in the file at *path*: lines `NAME=VALUE`, remarks, quotes around a value.

    :raises SpecError: When it can't be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"'{path}' can't be read as UTF-8 text", detail=str(error)) from error
    found = (
        line.strip().partition("=") for line in lines if "=" in line and not line.lstrip().startswith("#")
    )
    return {key.strip().removeprefix("export "): _plain(value.strip()) for key, _, value in found}


def _plain(value: str) -> str:
    """*value* without the quotes around it, or the remark after it."""
    quoted = re.fullmatch(r"""(['"])(.*?)\1\s*(?:#.*)?""", value)
    return quoted[2] if quoted else re.split(r"(?:^|\s+)#", value)[0].strip()
