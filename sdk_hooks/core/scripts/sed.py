"""`sed`, as far as scripts of packages go: s, p, d, q, and b to the end, at lines by number or pattern."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

from sdk_hooks.core.scripts.call import Call, Command
from sdk_hooks.core.scripts.texts import regular

_NUMBER = re.compile(r"\d+")
_FLAGS = re.compile(r"[gpIi]*")


class _Address(NamedTuple):
    number: int = 0
    """-1: the last line."""
    pattern: re.Pattern[str] | None = None

    def fits(self, line: str, number: int, *, last: bool) -> bool:
        if self.pattern:
            return bool(self.pattern.search(line))
        return last if self.number < 0 else number == self.number


@dataclass
class _Instruction:
    """One command, and at which lines."""

    first: _Address | None
    second: _Address | None
    negated: bool
    verb: str
    pattern: re.Pattern[str] | None = None
    replacement: str = ""
    flags: str = ""
    within: bool = field(default=False)
    """Whether the line before was in its range."""

    def at(self, line: str, number: int, *, last: bool) -> bool:
        return self._selects(line, number, last=last) != self.negated

    def _selects(self, line: str, number: int, *, last: bool) -> bool:
        if self.first is None:
            return True
        if self.second is None:
            return self.first.fits(line, number, last=last)
        if self.within:
            self.within = not self.second.fits(line, number, last=last)
            return True
        if not self.first.fits(line, number, last=last):
            return False
        self.within = self.second.pattern is not None or self.second.number < 0 or self.second.number > number
        self.within = self.within and not last
        return True


class _Reader:
    """Reads the text of a script."""

    def __init__(self, call: Call, text: str, *, extended: bool) -> None:
        self.call, self.text, self.at, self.extended = call, text, 0, extended

    def instructions(self) -> Iterator[_Instruction]:
        while self._skipped():
            first = self._address()
            second = None
            if first and self._taken(","):
                second = self._address() or self._unknown()
            self._blank()
            negated = self._taken("!")
            self._blank()
            yield self._instruction(first, second, negated)

    def _instruction(self, first: _Address | None, second: _Address | None, negated: bool) -> _Instruction:
        verb, self.at = self.text[self.at : self.at + 1], self.at + 1
        if verb == "b" and re.match(r"[ \t]*([;\n]|$)", self.text[self.at :]):  # no labels
            return _Instruction(first, second, negated, verb)
        if verb in "pdq" and verb:
            return _Instruction(first, second, negated, verb)
        if verb != "s":
            self._unknown()
        mark, self.at = self.text[self.at : self.at + 1], self.at + 1
        pattern, replacement = self._until(mark), self._until(mark)
        found = _FLAGS.match(self.text, self.at)
        flags = found[0] if found else ""
        self.at += len(flags)
        compiled = self._compiled(pattern, "I" in flags or "i" in flags)
        made = re.sub(r"\\(\d)|\\(.)|(&)|(\\)", _replaced, replacement)
        return _Instruction(first, second, negated, verb, compiled, made, flags)

    def _address(self) -> _Address | None:
        self._blank()
        number = _NUMBER.match(self.text, self.at)
        if number:
            self.at = number.end()
            return _Address(int(number[0]))
        if self._taken("$"):
            return _Address(-1)
        if self._taken("/"):
            pattern = self._until("/")
            return _Address(pattern=self._compiled(pattern, self._taken("I")))
        return None

    def _compiled(self, pattern: str, ignore: bool) -> re.Pattern[str]:
        return re.compile(regular(pattern, extended=self.extended), re.IGNORECASE if ignore else 0)

    def _until(self, mark: str) -> str:
        """The text up to *mark*, which may stand in it behind a backslash, or in brackets."""
        made, brackets = "", False
        while self.at < len(self.text):
            character = self.text[self.at]
            self.at += 1
            if character == mark and not brackets:
                return made
            if character == "\\" and self.at < len(self.text):
                character = self.text[self.at] if self.text[self.at] == mark else f"\\{self.text[self.at]}"
                self.at += 1
            brackets = (character == "[" or brackets) and not (character == "]" and made[-1:] not in "[^")
            made += character
        raise self.call.unknown()

    def _skipped(self) -> bool:
        while self.text[self.at : self.at + 1] in (" ", "\t", "\n", ";"):
            self.at += 1
        return self.at < len(self.text)

    def _blank(self) -> None:
        while self.text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1

    def _taken(self, character: str) -> bool:
        found = self.text[self.at : self.at + 1] == character
        self.at += found
        return found

    def _unknown(self) -> NoReturn:
        raise self.call.unknown()


def _replaced(found: re.Match[str]) -> str:
    """A piece of sed's replacement as Python has it."""
    if found[1] or found[3]:
        return f"\\g<{found[1] or 0}>"
    return "\\\\" if found[4] or found[2] == "\\" else {"n": "\n", "t": "\t"}.get(found[2], found[2])


def sed(call: Call) -> int:
    scripts, files, flags = _words(call)
    if not call.more() and not any(call.root.find(file) for file in files):
        return 0  # whatever it does to nothing
    reader = _Reader(call, "\n".join(scripts), extended=bool(flags & {"E", "r"}))
    instructions = list(reader.instructions())
    if "i" not in flags:
        text = "".join(call.content(file) for file in files) if files else call.stdin.read()
        call.stdout = _edited(text, instructions, quiet="n" in flags)
        return int(any(call.root.find(file) is None for file in files))
    for file in files:
        if call.root.find(file):
            call.root.write(file, _edited(call.content(file), instructions, quiet="n" in flags).encode())
    return int(any(call.root.find(file) is None for file in files))


def _words(call: Call) -> tuple[list[str], list[str], set[str]]:
    """Scripts, files, and the letters of options."""
    scripts: list[str] = []
    files: list[str] = []
    flags: set[str] = set()
    left = iter(call.words)
    for word in left:
        if word == "-e" or (word.startswith("-") and word.endswith("e") and word[1:-1].isalpha()):
            scripts.append(next(left, ""))
            flags.update(word[1:-1])
        elif word.startswith("-e"):
            scripts.append(word[2:])
        elif word in ("--quiet", "--silent", "--in-place", "--regexp-extended"):
            flags.add({"--in-place": "i", "--regexp-extended": "E"}.get(word, "n"))
        elif word.startswith("-") and len(word) > 1:
            flags.update(word[1:])
        else:
            files.append(word)
    if flags - {"n", "E", "r", "i", "s"} or not (scripts or files):
        raise call.unknown()
    return (scripts, files, flags) if scripts else (files[:1], files[1:], flags)


def _edited(text: str, instructions: list[_Instruction], *, quiet: bool) -> str:
    lines, made = text.splitlines(), ""
    for number, line in enumerate(lines, 1):
        shown, printed, ends = _line(line, number, instructions, last=number == len(lines))
        made += printed + (f"{shown}\n" if shown is not None and not quiet else "")
        if ends:
            break
    return made


def _line(
    line: str, number: int, instructions: list[_Instruction], *, last: bool
) -> tuple[str | None, str, bool]:
    """*line* once it is edited, None when it is deleted; what was printed before; whether it is the end."""
    printed = ""
    for each in instructions:
        if not each.at(line, number, last=last):
            continue
        match each.verb:
            case "d":
                return None, printed, False
            case "q":
                return line, printed, True
            case "b":
                break
            case "p":
                printed += f"{line}\n"
            case _ if each.pattern:
                line, count = each.pattern.subn(each.replacement, line, count=0 if "g" in each.flags else 1)
                printed += f"{line}\n" if count and "p" in each.flags else ""
    return line, printed, False


COMMANDS: dict[str, Command] = {"sed": sed}
