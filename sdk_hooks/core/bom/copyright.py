"""Reads Debian's copyright files in the form that machines read (DEP-5)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from sdk_hooks.core.files.fileset import FILE, SYMLINK, Entry

_FORMAT = re.compile(r"\s*Format(?:-Specification)?:.*(?:copyright-format|dep-?5)", re.IGNORECASE)
_AND = re.compile(r",?\s+and\s+|,\s*", re.IGNORECASE)
_LICENSE = re.compile(r"^License:[ \t]*(\S[^\n]*)", re.MULTILINE | re.IGNORECASE)
_WORD = re.compile(r",?\s+(?:and|or)\s+|,\s*", re.IGNORECASE)
_SHORT = re.compile(r"[A-Za-z0-9][\w.+/~-]*(?: with [\w. -]+ exceptions?)?", re.IGNORECASE)
_DIRECTORY = "usr/share/doc/"
_LARGEST = 4 << 20


def license_of(text: str) -> str:
    """The licences of all files that the copyright file *text* speaks of; empty when it is not for machines.

    In Debian's words, each alternative in parentheses: `GPL-2+ and (Expat or Artistic)`.
    """
    if not _FORMAT.match(text):
        return ""
    found: dict[str, None] = {}
    for paragraph in re.split(r"\n[ \t]*\n", text):
        said = _LICENSE.search(paragraph)
        # a paragraph of a licence alone has the text of one that others name, perhaps as one of several
        if said and re.search(r"^(?:Files|Format):", paragraph, re.MULTILINE | re.IGNORECASE):
            found.update(dict.fromkeys(_names(said[1].strip())))
    alone = len(found) == 1
    return " and ".join(f"({name})" if _is_choice(name) and not alone else name for name in found)


def _names(said: str) -> list[str]:
    """The licences that all apply; some write the text of theirs there."""
    if not all(_SHORT.fullmatch(word) for word in _WORD.split(said)):
        return ["as-in-copyright-file"]
    return [said] if _is_choice(said) else _AND.split(said)


def _is_choice(said: str) -> bool:
    return bool(re.search(r"\sor\s", said, re.IGNORECASE))


def licenses(packages: Mapping[str, Iterable[Entry]]) -> dict[str, str]:
    """The licences of *packages*, given by name with their files; of those that say it in a copyright file.

    A package's documentation may be a link to that of another one.
    """
    below = {
        entry.path: entry
        for entries in packages.values()
        for entry in entries
        if entry.path.startswith(_DIRECTORY) and (entry.kind == SYMLINK or entry.path.endswith("/copyright"))
    }
    texts: dict[str, str] = {}
    found = {}
    for name in packages:
        entry = _find(below, f"{_DIRECTORY}{name}")
        if entry is not None and entry.path not in texts:
            texts[entry.path] = license_of(_read(entry))
        if entry is not None and texts[entry.path]:
            found[name] = texts[entry.path]
    return found


def _find(below: Mapping[str, Entry], directory: str) -> Entry | None:
    for _ in range(8):
        link = below.get(directory) or below.get(f"{directory}/copyright")
        if link is None or link.kind == FILE:
            return link
        at = os.path.normpath(os.path.join("/", os.path.dirname(link.path), link.link)).lstrip("/")
        directory = at.removesuffix("/copyright")
    return None


def _read(entry: Entry) -> str:
    if not entry.source or entry.size > _LARGEST:
        return entry.data.decode(errors="replace")
    with open(entry.source, encoding="utf-8", errors="replace") as stream:
        return stream.read()
