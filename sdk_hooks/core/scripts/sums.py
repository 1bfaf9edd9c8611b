"""Commands of scripts that compare files: `cmp`, `diff -q`, `md5sum` and its like."""

from __future__ import annotations

import hashlib
import re

from sdk_hooks.core.scripts.call import Call, Command
from sdk_hooks.core.scripts.files import options

_QUIET = {"-s", "-q", "--quiet", "--silent", "--brief"}
_CHECK = {"-c", "--check"}
_SILENT = {"--status", "--quiet", "--strict", "-w", "--warn"}


def compare(call: Call) -> int:
    """`cmp -s` and `diff -q`: 0 when two files are the same, 1 when not, 2 when one is missing."""
    said, words = options(call)
    if len(words) != 2 or set(said) - _QUIET:
        raise call.unknown()
    one, other = (call.root.content(word) for word in words)
    if one is None or other is None:
        return 2
    if one != other and not said:
        raise call.unknown("where they differ")
    if one != other and call.name.endswith("diff"):
        call.stdout = f"Files {words[0]} and {words[1]} differ\n"
    return int(one != other)


def sums(call: Call) -> int:
    """`md5sum FILE...`, and `md5sum -c` of what it printed before."""
    said, words = options(call)
    if set(said) - _CHECK - _SILENT - {"-b", "-t"}:
        raise call.unknown()
    if set(said) & _CHECK:
        return _checked(call, words, silent="--status" in said)
    status = 0
    for word in words or ["-"]:
        digest = _digest(call, word)
        call.stdout += f"{digest}  {word}\n" if digest else ""
        status = max(status, int(not digest))
    return status


def _checked(call: Call, words: list[str], *, silent: bool) -> int:
    lines = "".join(map(call.content, words)) if words and words != ["-"] else call.stdin.read()
    found = [re.fullmatch(r"([0-9a-f]+) [ *](.+)", line) for line in lines.splitlines()]
    results = [(each[2], _digest(call, each[2]) == each[1]) for each in found if each]
    if not silent:
        call.stdout = "".join(f"{name}: {'OK' if good else 'FAILED'}\n" for name, good in results)
    return int(not (results and all(good for _, good in results)))


def _digest(call: Call, path: str) -> str:
    """Empty when there is no such file."""
    content = call.stdin.read().encode() if path == "-" else call.root.content(path)
    name = call.name.rpartition("/")[2].removesuffix("sum")
    return "" if content is None else hashlib.new(name, content, usedforsecurity=False).hexdigest()


COMMANDS: dict[str, Command] = {
    "cmp": compare,
    "diff": compare,
    **dict.fromkeys(("md5sum", "sha1sum", "sha256sum", "sha512sum"), sums),
}
