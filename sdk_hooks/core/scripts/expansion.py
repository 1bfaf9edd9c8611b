"""What the words of a shell command become: parameters, substitutions, arithmetic, fields and globs."""

from __future__ import annotations

import ast
import fnmatch
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import StringIO

from sdk_hooks.core.scripts.root import Root
from sdk_hooks.core.scripts.tree import Node, Part, Word
from sdk_hooks.core.scripts.words import LENGTH


class NotUnderstoodError(Exception):
    """A script does what can't be followed here."""


@dataclass
class Expansion(ABC):
    """The state of a shell that words are made of.

    :param arguments: `$0`, `$1`, ...
    """

    root: Root
    arguments: list[str]
    variables: dict[str, str] = field(default_factory=dict)
    status: int = 0

    @abstractmethod
    def captured(self, node: Node, stdin: StringIO | None = None) -> str:
        """What *node* prints."""

    def text(self, word: Word) -> str:
        """*word* as one text."""
        return "".join(self.part(part) for part in word)

    def pattern(self, word: Word) -> str:
        """*word* as a pattern, in which what is quoted means itself."""
        parts = ((part, self.part(part)) for part in word)
        return "".join(re.sub(r"([*?[])", r"[\1]", text) if part.quoted else text for part, text in parts)

    def fields(self, words: tuple[Word, ...]) -> list[str]:
        """The words that *words* become: split where they are not quoted, and globs followed."""
        return [each for word in words for each in self.split(word)]

    def split(self, word: Word) -> Iterator[str]:
        texts: list[str] = []
        globs, begun = False, False
        for part in word:
            if part.quoted and part.text == "@" and part.operator == "":
                yield from self.arguments[1:]
                begun = begun or False
                continue
            value = self.part(part)
            if part.quoted or part.operator is None:
                texts = [*texts[:-1], (texts[-1] if texts else "") + value]
                globs = globs or (not part.quoted and any(each in value for each in "*?["))
                begun = True
                continue
            marks = self.variables.get("IFS", " \t\n")
            pieces = _pieces(value, marks)
            if pieces and texts and value[:1] not in marks:
                texts[-1] += pieces.pop(0)
            texts += pieces
        for text in texts:
            yield from (self.glob(text) or [text]) if globs else [text]

    def glob(self, pattern: str) -> list[str]:
        start = [""] if pattern.startswith("/") else ["."]
        for part in filter(None, pattern.split("/")):
            start = [f"{at}/{name}" for at in start for name in self.matching(at, part)]
        return start

    def matching(self, directory: str, part: str) -> list[str]:
        if not any(each in part for each in "*?["):
            return [part] if self.root.find(f"{directory}/{part}", follow=False) else []
        names = self.root.names(self.root.inner(directory))
        return [name for name in names if fnmatch.fnmatchcase(name, part) and not name.startswith(".")]

    def part(self, part: Part) -> str:
        if part.command is not None:
            return self.captured(part.command).rstrip("\n")
        if part.operator is None:
            return part.text
        if part.operator == "((":
            return str(self.number(self.text(part.argument)))
        return self.parameter(part, self.value(part.text))

    def number(self, text: str) -> int:
        """The value of an arithmetic expression."""
        names = re.sub(r"[A-Za-z_]\w*", lambda found: self.variables.get(found[0]) or "0", text)
        if not re.fullmatch(r"[\d\s+*/%()-]+", names):
            raise NotUnderstoodError(f"the arithmetic {text!r}")
        try:
            return _calculated(ast.parse(names.strip(), mode="eval").body)
        except (SyntaxError, ZeroDivisionError, KeyError) as error:
            raise NotUnderstoodError(f"the arithmetic {text!r}") from error

    def value(self, name: str) -> str | None:
        if name.isdecimal():
            return self.arguments[int(name)] if int(name) < len(self.arguments) else None
        special = {"#": str(len(self.arguments) - 1), "?": str(self.status), "$": "1", "-": "", "!": ""}
        if name in "@*":
            return (self.variables.get("IFS", " ")[:1] if name == "*" else " ").join(self.arguments[1:])
        return special.get(name, self.variables.get(name))

    def parameter(self, part: Part, value: str | None) -> str:
        operator = part.operator or ""
        if operator == LENGTH:
            return str(len(value or ""))
        unset = value is None or (operator.startswith(":") and not value)
        kind = operator[-1:]
        if kind == "+":
            return "" if unset else self.text(part.argument)
        if kind in ("-", "=", "?") and unset:
            if kind == "?":
                raise NotUnderstoodError(f"${part.text} is not set")
            found = self.text(part.argument)
            if kind == "=":
                self.variables[part.text] = found
            return found
        if kind in ("#", "%"):
            return _trimmed(value or "", self.pattern(part.argument), operator)
        return value or ""


_CALCULATIONS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: int(a / b),
    ast.FloorDiv: lambda a, b: int(a / b),
    ast.Mod: lambda a, b: a - b * int(a / b),
}


def _calculated(node: ast.expr) -> int:
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_calculated(operand)
        case ast.BinOp(left=left, op=op, right=right):
            return _CALCULATIONS[type(op)](_calculated(left), _calculated(right))
    raise KeyError(type(node).__name__)


def _pieces(value: str, marks: str) -> list[str]:
    """*value* split at the characters of IFS: those that are blank count once however many there are."""
    blank = "".join(mark for mark in marks if mark in " \t\n")
    others = "".join(mark for mark in marks if mark not in blank)
    text = value.strip(blank) if blank else value
    if not (text and marks):
        return [text] if text else []
    around = f"[{re.escape(blank)}]*" if blank else ""
    ends = [f"{around}[{re.escape(others)}]{around}"] if others else []
    found = re.split("|".join([*ends, *([f"[{re.escape(blank)}]+"] if blank else [])]), text)
    return found if found[-1] else found[:-1]


def _trimmed(value: str, pattern: str, operator: str) -> str:
    """*value* without what *pattern* matches at its start (#) or end (%), the longest where it is doubled."""
    ends = range(len(value) + 1)
    order = reversed(ends) if (len(operator) == 2) == (operator[0] == "#") else ends
    for at in order:
        if operator[0] == "#" and fnmatch.fnmatchcase(value[:at], pattern):
            return value[at:]
        if operator[0] == "%" and fnmatch.fnmatchcase(value[at:], pattern):
            return value[:at]
    return value
