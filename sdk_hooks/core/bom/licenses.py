"""Licences as SPDX expressions, whatever words OE, Debian and Fedora have for them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

_TOKEN = re.compile(r"[()&|,]|[^\s()&|,]+")
_OPERATORS = {"&": "AND", "&&": "AND", "and": "AND", ",": "AND", "|": "OR", "||": "OR", "or": "OR"}
_COMMA = re.compile(r",\s*(and|or)\s+", re.IGNORECASE)
"""Of Debian: `A or B, and C` means `(A or B) and C`."""
_LATER = re.compile(r"(?i)(A|L|N)?GPL[-v]*(\d(?:\.\d)?)(\+|-or-later|-only)?")
_FREE = re.compile(r"(?i)GFDL[-v]*(?:NIV-)?(\d\.\d)(\+|-or-later|-only)?")
_OLD = re.compile(r"(?i)(GPL-\d\.\d)-with-([a-z]+)-exception")
_NAMES = {
    "0bsd": "0BSD", "apache-2": "Apache-2.0", "apachev2": "Apache-2.0", "artistic": "Artistic-1.0-Perl",
    "artistic-2": "Artistic-2.0", "bsd-2": "BSD-2-Clause", "bsd-3": "BSD-3-Clause", "bsl-1": "BSL-1.0",
    "cc0": "CC0-1.0", "expat": "MIT", "mit-style": "MIT", "mit-x": "MIT", "mit/x11": "MIT",
    "mpl-1": "MPL-1.0", "mpl-2": "MPL-2.0", "mplv1": "MPL-1.0", "mplv1.1": "MPL-1.1", "mplv2": "MPL-2.0",
    "mplv2.0": "MPL-2.0", "openldap-2.8": "OLDAP-2.8", "openssl": "OpenSSL", "psf": "PSF-2.0",
    "psfv2": "PSF-2.0", "python-2": "Python-2.0", "zlib/libpng": "Zlib",
}  # fmt: skip
"""What OE's recipes, Debian's copyright files and old spec files call what SPDX calls otherwise."""
_EXCEPTIONS = {
    "autoconf": "Autoconf-exception-generic", "bison": "Bison-exception-2.2", "font": "Font-exception-2.0",
    "classpath": "Classpath-exception-2.0", "gcc": "GCC-exception-3.1", "libtool": "Libtool-exception",
    "linux-syscall-note": "Linux-syscall-note", "llvm": "LLVM-exception",
}  # fmt: skip
"""What Debian writes as `with Bison exception`, and SPDX once wrote as GPL-2.0-with-bison-exception."""


_DEEP = 40
"""Parentheses that an expression may have: each takes some of Python's stack."""


class Expression(NamedTuple):
    """A licence as SPDX has it."""

    text: str
    """Empty when nobody says."""
    custom: tuple[tuple[str, str], ...] = ()
    """Licences that SPDX's list does not have: `LicenseRef-...`, and what the package calls it."""


def expression(said: str) -> Expression:
    """What a package *said* of its licence: with SPDX's names, OE's `&` and `|`, or Debian's words.

    What can't be read is one licence of its own.
    """
    spoken = _COMMA.sub(r") \1 (", said)
    words = _TOKEN.findall(f"({spoken})" if spoken != said else said)
    tokens = [_OPERATORS.get(word.lower(), word) for word in words]
    if not tokens or said.strip().upper() in ("NOASSERTION", "NONE", "UNKNOWN"):
        return Expression("")
    reader = _Reader(tokens)
    try:
        if tokens.count("(") > _DEEP:
            raise ValueError("it is no expression")
        text = reader.whole()
    except ValueError:
        reader = _Reader([])
        text = reader.custom(" ".join(said.split()))
    return Expression(text, tuple(sorted(reader.customs.items())))


class _Reader:
    """Reads an expression: OR binds least, and parentheses are kept only where they mean something."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.customs = tokens, dict[str, str]()

    def whole(self) -> str:
        parts = list(dict.fromkeys(self._several("OR")))
        if self.tokens:
            raise ValueError(f"{self.tokens[0]!r} is too much")
        return " OR ".join(parts)

    def _several(self, operator: str) -> Iterator[str]:
        read = self._conjunction if operator == "OR" else self._one
        yield read()
        while self.tokens[:1] == [operator]:
            del self.tokens[0]
            yield read()

    def _conjunction(self) -> str:
        return " AND ".join(dict.fromkeys(self._several("AND")))

    def _one(self) -> str:
        first = self._next()
        if first == "(":
            inner = list(dict.fromkeys(self._several("OR")))
            if self._next() != ")":
                raise ValueError("a parenthesis is missing")
            return f"({' OR '.join(inner)})" if len(inner) > 1 or " AND " in inner[0] else inner[0]
        if first in (")", "AND", "OR"):
            raise ValueError(f"{first!r} is not a licence")
        if self.tokens and self.tokens[0].lower() == "with":
            return self._with(first)
        return self._named(first)

    def _next(self) -> str:
        if not self.tokens:
            raise ValueError("something is missing at its end")
        return self.tokens.pop(0)

    def _with(self, licence: str) -> str:
        """`GPL-2.0-only WITH Libtool-exception`, or Debian's `GPL-2+ with Libtool exception`."""
        words = [self.tokens.pop(0)]
        while self.tokens and self.tokens[0] not in ("AND", "OR", ")"):
            words.append(self.tokens.pop(0))
        said = "-".join(words[1:])
        found = _known()[1].get(said.lower()) or _EXCEPTIONS.get(
            re.sub(r"(?i)-exceptions?$", "", said).lower()
        )
        name = _spdx(licence)
        return f"{name} WITH {found}" if name and found else self.custom(" ".join([licence, *words]))

    def _named(self, name: str) -> str:
        return _spdx(name) or self.custom(name)

    def custom(self, said: str) -> str:
        """*said* as a licence that SPDX's list does not have."""
        plain = re.sub(r"(?i)^LicenseRef-", "", said)
        words = re.sub(r"[^A-Za-z0-9.]+", "-", plain.replace("+", "-or-later-")).strip("-")[:60].strip("-")
        reference = f"LicenseRef-{words or 'unnamed'}"
        self.customs[reference] = said
        return reference


@cache
def _known() -> tuple[dict[str, str], dict[str, str]]:
    """SPDX's licences and exceptions, by their names in small letters."""
    raw = json.loads(Path(__file__).with_name("licenses.json").read_text())
    licences, exceptions = ({each.lower(): each for each in raw[key]} for key in ("licenses", "exceptions"))
    return licences, exceptions


@cache
def _spdx(name: str) -> str:
    """SPDX's identifier for *name*; empty when its list has none."""
    licences = _known()[0]
    if name.lower() in licences:
        return licences[name.lower()]
    known = _NAMES.get(name.lower(), "")
    if known:
        return known
    if found := _LATER.fullmatch(name):
        kind, version, later = found.groups("")
        version = version if "." in version else f"{version}.0"
        return licences.get(f"{kind}gpl-{version}{_suffix(later)}".lower(), "")
    if found := _OLD.fullmatch(name):
        exception = _EXCEPTIONS.get(found[2].lower(), "")
        return exception and f"{found[1].upper()}-only WITH {exception}"
    if found := _FREE.fullmatch(name):
        invariants = "-no-invariants" if "NIV" in name.upper() else ""
        return licences.get(f"gfdl-{found[1]}{invariants}{_suffix(found[2] or '')}".lower(), "")
    return ""


def _suffix(later: str) -> str:
    return "-or-later" if later in ("+", "-or-later") else "-only"
