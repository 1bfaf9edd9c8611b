"""Licences that a Debian package names: its control file has none, its copyright file may."""

from __future__ import annotations

import re

_FORMAT = re.compile(rb"^Format(-Specification)?:.*(copyright-format|dep5)", re.IGNORECASE)
_FIELD = re.compile(rb"^License:[ \t]*(\S.*)", re.MULTILINE)

_AND = re.compile(r",?\s+and\s+|,\s*")


def debian(copyright: bytes) -> str:
    """What the fields License of a machine-readable *copyright* say, joined by `and`; empty without one.

    The words are those of copyright-format 1.0, such as GPL-2+: near to SPDX's, but not the same.
    """
    if not _FORMAT.match(copyright):
        return ""
    lines = (line.decode(errors="replace").strip() for line in _FIELD.findall(copyright))
    found = (one for line in lines for one in ([f"({line})"] if " or " in line else _AND.split(line)))
    return " and ".join(dict.fromkeys(found))
