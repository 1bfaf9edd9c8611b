"""`test` and `[`."""

from __future__ import annotations

from collections.abc import Callable

from sdk_hooks.core.files.fileset import DIRECTORY, FILE, HARDLINK, SYMLINK, Entry
from sdk_hooks.core.scripts.call import Call, Command


def test(call: Call) -> int:
    words = list(call.words)
    if call.name == "[":
        if words[-1:] != ["]"]:
            raise call.unknown()
        words.pop()
    return int(not _either(call, words))


def _either(call: Call, words: list[str]) -> bool:
    for operator, combine in (("-o", any), ("-a", all)):
        if operator in words[1:]:
            at = words.index(operator, 1)
            both = (_either(call, part) for part in (words[:at], words[at + 1 :]))
            return bool(combine(both))
    return _one(call, words)


def _one(call: Call, words: list[str]) -> bool:
    match words:
        case []:
            return False
        case [text]:
            return bool(text)
        case ["!", *rest]:
            return not _one(call, rest)
        case [operator, text] if operator in _UNARY:
            return _UNARY[operator](call, text)
        case [left, operator, right] if operator in _BINARY:
            return _BINARY[operator](left, right)
    raise call.unknown()


def _kind(*kinds: str) -> Callable[[Call, str], bool]:
    def check(call: Call, path: str) -> bool:
        found = call.root.find(path)
        return found is not None and found.kind in kinds

    return check


def _there(check: Callable[[Entry], bool], *, follow: bool = True) -> Callable[[Call, str], bool]:
    def found(call: Call, path: str) -> bool:
        entry = call.root.find(path, follow=follow) if path else None
        return entry is not None and check(entry)

    return found


_LINK = _there(lambda entry: entry.kind == SYMLINK, follow=False)
_UNARY: dict[str, Callable[[Call, str], bool]] = {
    "-n": lambda _, text: bool(text),
    "-z": lambda _, text: not text,
    "-e": _there(lambda _: True),
    "-f": _kind(FILE, HARDLINK),
    "-d": _kind(DIRECTORY),
    "-r": _there(lambda _: True),
    "-w": _there(lambda _: True),
    "-x": _there(lambda entry: bool(entry.mode & 0o111)),
    "-s": _there(lambda entry: entry.size > 0),
    "-L": _LINK,
    "-h": _LINK,
    "-c": _kind("3"),
    "-b": _kind("4"),
    "-p": _kind("6"),
    "-S": lambda *_: False,
    "-t": lambda *_: False,
}
_BINARY: dict[str, Callable[[str, str], bool]] = {
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "-eq": lambda a, b: int(a) == int(b),
    "-ne": lambda a, b: int(a) != int(b),
    "-lt": lambda a, b: int(a) < int(b),
    "-le": lambda a, b: int(a) <= int(b),
    "-gt": lambda a, b: int(a) > int(b),
    "-ge": lambda a, b: int(a) >= int(b),
}


COMMANDS: dict[str, Command] = {"test": test, "[": test}
