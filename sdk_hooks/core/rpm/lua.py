"""Lua scripts of rpm packages, as far as they have a few well-known forms: as shell scripts that do the same.

Such are those of Fedora's filesystem, setup and bash, and what its guidelines have for a directory that takes
the place of a link. What stands below a condition and has no such form is a command that nobody has: a script
is followed as far as it does not get there.
"""

from __future__ import annotations

import re
from collections import deque
from shlex import quote

_TEXT = r"""["']([^"'\\]*)["']"""
_NAMED = rf"""(?:{_TEXT}|(\w+))"""
_SHELLS = re.compile(
    r"nl = '\\n'\n((?:\w+ = '[^'\\\n]+'\.\.nl\n)+)f = io\.open\('/etc/shells', 'a\+'\)\nif f then\n"
    r"local shells = nl\.\.f:read\('\*all'\)\.\.nl\n"
    r"((?:if not shells:find\(nl\.\.(\w+)\) then f:write\(\3\) end\n)+)f:close\(\)\nend"
)
_LOOP = re.compile(
    rf"for \w+, (\w+) in ipairs\(\{{({_TEXT}(?:, {_TEXT})*)\}}\) do\n"
    rf"os\.remove\({_TEXT}\.\.\1\.\.{_TEXT}\)\nend"
)
_OPENS = re.compile(r"\b(?:if|for|while|function)\b|^do$")
_CLOSES = re.compile(r"\bend\b")


class _UnknownError(Exception):
    """It has another form."""


def shell(text: str) -> str:
    """A shell script that does what the Lua script *text* does; empty when that is not known."""
    lines = (re.sub(r"\s+", " ", line).strip().rstrip(";") for line in text.splitlines())
    code = "\n".join(line for line in lines if line and not line.startswith("--"))
    code = _LOOP.sub(_removing, _SHELLS.sub(_listing, code))
    try:
        return "\n".join(["#!/bin/sh", *_Script(code.splitlines()).block()])
    except _UnknownError:
        return ""


def _listing(found: re.Match[str]) -> str:
    """bash's: shells that are added to the list of them."""
    paths = dict(re.findall(r"(\w+) = '([^']+)'", found[1]))
    names = re.findall(r"write\((\w+)\)", found[2])
    return (
        "\n".join(f"shells.add('{paths[name]}')" for name in names) if set(names) <= set(paths) else found[0]
    )


def _removing(found: re.Match[str]) -> str:
    """setup's: files that are removed one by one."""
    before, after = found.groups()[-2:]
    return "\n".join(f'os.remove("{before}{name}{after}")' for name in re.findall(_TEXT, found[2]))


class _Script:
    def __init__(self, lines: list[str]) -> None:
        self.lines = deque(lines)
        self.paths: dict[str, str] = {}
        """Variables that are text."""
        self.stats: dict[str, str] = {}
        """Variables that are what posix.stat says, by the path that it was asked for."""

    def block(self, *, inner: bool = False) -> list[str]:
        """What is to be done up to the end; of an *inner* block to the `end` that is its own."""
        found: list[str] = []
        while self.lines:
            line = self.lines.popleft()
            if line == "end" and inner:
                return found or [":"]
            try:
                found += self._statement(line)
            except _UnknownError:
                if not inner:
                    raise
                self._skip(line)
                return [*found, f"lua {quote(line)}"]
        if inner:
            raise _UnknownError
        return found

    def _skip(self, line: str) -> None:
        """Leave out the rest of a block that begins with *line*."""
        depth = 1
        while True:
            bare = re.sub(_TEXT, "", line)
            depth += len(_OPENS.findall(bare)) - len(_CLOSES.findall(bare))
            if depth <= 0:
                return
            if not self.lines:
                raise _UnknownError
            line = self.lines.popleft()

    def _statement(self, line: str) -> list[str]:
        if match := re.fullmatch(r"if (.+) then", line):
            condition = self._condition(match[1])
            return [f"if {condition}; then", *self.block(inner=True), "fi"]
        if match := re.fullmatch(rf"(?:local )?(\w+) ?= ?{_TEXT}", line):
            self.paths[match[1]] = match[2]
            return []
        if match := re.fullmatch(rf"(?:local )?(\w+) ?= ?posix\.stat ?\({_NAMED}\)", line):
            self.stats[match[1]] = self._path(match[2], match[3])
            return []
        if re.fullmatch(r"return(?: 0)?", line):
            return ["exit 0"]
        if re.fullmatch(rf"print\({_TEXT}\)", line):
            return []
        return [self._call(line)]

    def _call(self, line: str) -> str:
        """What rpm's Lua does only if it can, and goes on."""
        match = re.fullmatch(r"([\w.]+) ?\((.*)\)", line)
        if not match or not re.fullmatch(rf"{_NAMED}(?:, ?(?:{_NAMED}))*", match[2]):
            raise _UnknownError
        given = [self._path(*each) for each in re.findall(_NAMED, match[2])]
        words = [quote(each) for each in given]
        match match[1], len(words):
            case "posix.mkdir", 1:
                return f"{_free(given[0])} && mkdir {words[0]} || :"
            case "posix.symlink", 2:
                return f"{_free(given[1])} && ln -s {words[0]} {words[1]} || :"
            case "posix.chmod", 2 if re.fullmatch(r"[0-7]{3,5}", given[1]):
                return f"[ ! -e {words[0]} ] || chmod {words[1]} {words[0]}"
            case "os.remove", 1:
                return f"[ -d {words[0]} ] && [ ! -L {words[0]} ] && rmdir {words[0]} || rm -f {words[0]}"
            case "shells.add", 1:
                return f"grep -qxF {words[0]} /etc/shells || echo {words[0]} >>/etc/shells"
        raise _UnknownError

    def _condition(self, text: str) -> str:
        if match := re.fullmatch(r"(\w+)(?: and \1\.type ?== ?[\"'](link|directory)[\"'])?", text):
            path = quote(self.stats.get(match[1]) or self._unknown())
            return {"link": f"[ -L {path} ]", "directory": _folder(path)}.get(
                match[2], f"! {{ {_nothing(path)}; }}"
            )
        if match := re.fullmatch(
            rf"posix\.stat ?\({_NAMED}, ?[\"']type[\"']\) ?== ?[\"'](link|directory)[\"']", text
        ):
            path = quote(self._path(match[1], match[2]))
            return f"[ -L {path} ]" if match[3] == "link" else _folder(path)
        if match := re.fullmatch(rf"posix\.access ?\({_NAMED}, ?[\"']x[\"']\)", text):
            return f"[ -x {quote(self._path(match[1], match[2]))} ]"
        if match := re.fullmatch(rf"{_TEXT} ?== ?{_TEXT}", text):  # of a macro that was replaced
            return f"[ {quote(match[1])} = {quote(match[2])} ]"
        return self._unknown()

    def _path(self, said: str, name: str) -> str:
        if name and not name.isdecimal():
            return self.paths.get(name) or self._unknown()
        return name or said

    def _unknown(self) -> str:
        raise _UnknownError


def _free(path: str) -> str:
    """Whether there is a place for something new."""
    folder = path.rstrip("/").rpartition("/")[0] or "/"
    return f"[ -d {quote(folder)} ] && {_nothing(quote(path))}"


def _nothing(path: str) -> str:
    return f"[ ! -e {path} ] && [ ! -L {path} ]"


def _folder(path: str) -> str:
    return f"[ -d {path} ] && [ ! -L {path} ]"
