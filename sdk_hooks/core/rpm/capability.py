"""Turns the texts of capabilities(7) into what the kernel keeps of a file."""

from __future__ import annotations

import re
import struct

from sdk_hooks.core.capabilities import NAMES

_CLAUSE = re.compile(r"([a-z_,0-9]*)((?:[=+-][eip]*)+)")
_REVISION_2, _EFFECTIVE = 0x02000000, 1


def attribute(text: str) -> bytes:
    """The value of `security.capability` for a text such as `cap_net_raw=ep`.

    :raises ValueError: When it is no such text, or means what no file can have.
    """
    sets = dict.fromkeys("eip", 0)
    for clause in text.lower().split():
        found = _CLAUSE.fullmatch(clause)
        if not found:
            raise ValueError(f"{text!r} names no capabilities")
        mask = _mask(text, found[1])
        for sign, letters in re.findall(r"([=+-])([eip]*)", found[2]):
            for letter in sets:
                if sign == "=":
                    sets[letter] &= ~mask
                if letter in letters:
                    sets[letter] = sets[letter] & ~mask if sign == "-" else sets[letter] | mask
    effective, inheritable, permitted = sets.values()
    if effective and effective != permitted | inheritable:
        raise ValueError(f"{text!r} makes some capabilities effective, and others not")
    words = (permitted & 0xFFFFFFFF, inheritable & 0xFFFFFFFF, permitted >> 32, inheritable >> 32)
    return struct.pack("<5I", _REVISION_2 | (_EFFECTIVE if effective else 0), *words)


def names(value: bytes) -> list[str]:
    """The capabilities in a value of `security.capability`; none when it is of no known form."""
    words = struct.unpack_from("<5I", value) if len(value) >= struct.calcsize("<5I") else (0,) * 5
    mask = words[1] | words[2] | (words[3] | words[4]) << 32
    return [f"cap_{name}" for number, name in enumerate(NAMES) if mask >> number & 1]


def _mask(text: str, names: str) -> int:
    if names in ("", "all"):
        return (1 << len(NAMES)) - 1
    mask = 0
    for name in names.split(","):
        if name.removeprefix("cap_") not in NAMES:
            raise ValueError(f"{text!r} has the capability {name!r}, which is not known")
        mask |= 1 << NAMES.index(name.removeprefix("cap_"))
    return mask
