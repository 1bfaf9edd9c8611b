"""What a preflight found, and how it is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning", "ok"]


@dataclass(frozen=True)
class Finding:
    """One thing that a node needs, and how it is there."""

    level: Level
    what: str
    """In a word or two, such as "memory" or "port 6443/tcp"."""
    detail: str
    fix: str = ""
    """What to change, in terms of a Yocto build where it is one; empty when nothing is to be done."""


def good(what: str, detail: str) -> Finding:
    return Finding("ok", what, detail)


def unless(fine: bool, level: Level, what: str, detail: str, fix: str) -> Finding:
    """A finding of *level*, with its *fix*, unless everything is *fine*."""
    return Finding("ok", what, detail) if fine else Finding(level, what, detail, fix)


def install(*packages: str, layer: str = "") -> str:
    """The line of a configuration that brings *packages*, and their *layer* when it isn't OE-Core."""
    line = f'IMAGE_INSTALL:append = " {" ".join(packages)}"'
    return f"{line} ({layer})" if layer else line


def lines(findings: Iterable[Finding]) -> list[tuple[str, str, str, str]]:
    """Rows of a table LEVEL, WHAT, DETAIL, FIX: what is worst comes first, else in their order."""
    rank = ("error", "warning", "ok")
    ordered = sorted(findings, key=lambda finding: rank.index(finding.level))
    return [(finding.level, finding.what, finding.detail, finding.fix) for finding in ordered]


def status(findings: Iterable[Finding]) -> int:
    """1 when there is an error among *findings*, else 0."""
    return int(any(finding.level == "error" for finding in findings))


def fragment(findings: Iterable[Finding]) -> str:
    """A kernel fragment, one CONFIG_ line each and sorted, of all options that the *findings* ask for."""
    wanted = {
        line
        for finding in findings
        if finding.level != "ok"
        for line in re.findall(r"\bCONFIG_\w+=\w+", finding.fix)
    }
    return "".join(f"{line}\n" for line in sorted(wanted))
