"""What can go wrong, said so that a person can act on it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable


class SdkError(Exception):
    """An expected failure: what happened, why, and what to do.

    Printed without a traceback. Every other exception is a bug and keeps its own.

    :param what: One lower-case clause, values quoted, no full stop.
    :param detail: More lines of facts, each a clause of its own.
    :param hint: Something to type or to change.
    :param code: Stable and searchable, kebab-case; a subclass may set it for all its instances.
    """

    code = "error"

    def __init__(self, what: str, *, detail: str = "", hint: str = "", code: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.detail = detail
        self.hint = hint
        if code:
            self.code = code

    def __str__(self) -> str:
        lines = [f"{self.what} [{self.code}]"]
        lines += [f"  {line}" for line in self.detail.splitlines()]
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


def of_system(error: OSError) -> SdkError:
    """*error* of the operating system, as a person would say it: what, and about which file."""
    about = f"'{os.fsdecode(error.filename)}': " if isinstance(error.filename, str | bytes) else ""
    hints = {errno.ENOSPC: "make room on that file system", errno.EDQUOT: "make room: the quota is used up"}
    return SdkError(
        f"{about}{(error.strerror or str(error)).lower()}",
        hint=hints.get(error.errno or 0, ""),
        code=errno.errorcode.get(error.errno or 0, "os").lower(),
    )


class UsageError(SdkError):
    """The command line asks for something that makes no sense."""

    code = "usage"


class UnknownPluginError(SdkError):
    """A name was given that no plugin provides."""

    code = "unknown-plugin"

    def __init__(self, family: str, name: str, known: Iterable[str], broken: str = "") -> None:
        names = sorted(known)
        super().__init__(
            f"no {family.replace('_', ' ')} is named {name!r}",
            detail=broken or f"known: {', '.join(names) or 'none'}",
            hint=did_you_mean(name, names),
        )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint that names the closest of *known*, or nothing."""
    import difflib  # only for who made a mistake

    close = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else ""
