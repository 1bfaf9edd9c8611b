"""Opens rpm packages: lead, signatures, header, payload."""

from __future__ import annotations

import hashlib
import re
from typing import IO

from sdk_hooks.core.rpm import lua, primary, sysusers
from sdk_hooks.core.rpm.header import Header, exactly, read
from sdk_hooks.core.rpm.payload import CONFIGURATION, files, members
from sdk_hooks.packages import Opened, Signed

_LEAD = b"\xed\xab\xee\xdb"
_HEADER_DIGESTS = {273: "sha256", 269: "sha1"}
_SIGNATURES = (268, 267)
"""Of the header alone: RSA's, and that of every other kind."""
_SCRIPTS = {"pretrans": (1151, 1153), "pre": (1023, 1085), "post": (1024, 1086), "posttrans": (1152, 1154)}
_PROVIDENAME, _PROVIDEVERSION = 1047, 1113
HEADER, SIGNATURES = "header", "signatures"
"""What is kept of a package for rpm's database, by name."""


def opened(file: IO[bytes]) -> Opened:
    """
    :raises ValueError: When it is none, or damaged.
    """
    if exactly(file, 96)[:4] != _LEAD:
        raise ValueError("it is no rpm package")
    signatures = read(file, "signature header")
    exactly(file, -len(signatures.raw) % 8)
    header = read(file, "header")
    _check(header, signatures)
    if not all(map(header.text, (1000, 1001, 1022))):
        raise ValueError("it has no name, version or architecture")
    return Opened(
        primary.record(header),
        _scripts(header),
        [each.path for each in files(header) if each.flags & CONFIGURATION],
        members(header, file),
        {HEADER: header.raw, SIGNATURES: signatures.raw},
        signed=next(
            (Signed(header.raw, signatures.blob(tag)) for tag in _SIGNATURES if tag in signatures), None
        ),
    )


def _check(header: Header, signatures: Header) -> None:
    for tag, algorithm in _HEADER_DIGESTS.items():
        said = signatures.text(tag).lower()
        if said and said != hashlib.new(algorithm, header.raw, usedforsecurity=False).hexdigest():
            raise ValueError("its header is not what its signature header says")


def _scripts(header: Header) -> dict[str, str]:
    """Text by name; what is no shell script begins with what it is for.

    Triggers are left out: they act when other packages come, mostly to make caches, which belong to the
    container that runs.
    """
    found = {
        name: _script(header.text(text), header.texts(program)) for name, (text, program) in _SCRIPTS.items()
    }
    provided = zip(header.texts(_PROVIDENAME), header.texts(_PROVIDEVERSION), strict=True)
    found["sysusers"] = sysusers.script(provided)
    return {name: text for name, text in found.items() if text}


def _script(text: str, program: list[str]) -> str:
    if not text:  # -p /sbin/ldconfig: the program is all of it
        return "\n".join(["#!/bin/sh", " ".join(program)]) if program and not _shell(program[0]) else ""
    if program == ["<lua>"] and (same := lua.shell(text)):
        return same
    return text if not program or _shell(program[0]) else f"#!{' '.join(program)}\n{text}"


def _shell(program: str) -> bool:
    return bool(re.fullmatch(r"(/usr)?/bin/(ba|da)?sh", program))
