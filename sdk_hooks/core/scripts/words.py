"""Reads the words of shell text: quotations, parameters, command substitutions, here-documents."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable

from sdk_hooks.core.scripts.tree import Part, ScriptSyntaxError, Sequence, Word

_BLANK = re.compile(r"(?:[ \t]|\\\n)*(?:#[^\n]*)?")
_OPERATOR = re.compile(r"&&|\|\||;;|;|\||&|\(|\)|\n")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_BRACED = re.compile(r"(#?)([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])(:?[-=?+]|##?|%%?)?")
_PLAIN = re.compile(r"[^\s\\'\"$`|&;<>()]+")
LENGTH = "length"
"""The operator of `${#NAME}`."""
RESERVED = frozenset(
    [
        "if",
        "then",
        "elif",
        "else",
        "fi",
        "case",
        "esac",
        "for",
        "in",
        "do",
        "done",
        "while",
        "until",
        "{",
        "}",
        "!",
    ]
)


class Words(ABC):
    """A place in shell text, and how to read words there."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def problem(self, what: str) -> ScriptSyntaxError:
        return ScriptSyntaxError(f"line {self.text.count(chr(10), 0, self.at) + 1}: {what}")

    def blank(self) -> None:
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def operator(self) -> str:
        self.blank()
        found = _OPERATOR.match(self.text, self.at)
        return found[0] if found else ""

    def take(self, operator: str) -> bool:
        if self.operator() != operator:
            return False
        self.at += len(operator)
        return True

    def lines(self) -> None:
        while self.take("\n"):
            pass

    def keyword(self) -> str:
        """The reserved word that stands here, empty when there is none."""
        self.blank()
        found = _PLAIN.match(self.text, self.at)
        return found[0] if found and found[0] in RESERVED else ""

    def expect(self, word: str) -> None:
        self.lines()
        if self.keyword() != word:
            raise self.problem(f"{word!r} is missing")
        self.at += len(word)

    @abstractmethod
    def sequence(self, ends: Callable[[], bool]) -> Sequence:
        """Commands until *ends*: a word may have some in it."""

    def whole(self) -> Sequence:
        """All of the text."""
        return self.sequence(lambda: self.at == len(self.text))

    def again(self, text: str) -> Words:
        """A reader of another text."""
        return type(self)(text)

    def here_document(self, *, tabs: bool) -> Word:
        """The text up to the line that has the word which follows; it is taken out of the script."""
        word = self.word()
        end = "".join(part.text for part in word)
        start = self.text.find("\n", self.at) + 1
        lines: list[str] = []
        at = start
        while start and at < len(self.text):
            line, newline, _ = self.text[at:].partition("\n")
            at += len(line) + len(newline)
            line = line.lstrip("\t") if tabs else line
            if line == end:
                self.text = self.text[:start] + self.text[at:]
                text = "".join(f"{line}\n" for line in lines)
                quoted = any(part.quoted for part in word)
                return (Part(text, quoted=True),) if quoted else self.again(text).quoted("")
            lines.append(line)
        raise self.problem(f"the end {end!r} of the here-document is missing")

    def word(self, *, empty: bool = False, ends: str = "", glued: bool = False) -> Word:
        """One word.

        :param empty: Whether there may be none.
        :param glued: Whether it has to begin right here.
        :param ends: Characters that end it too, for what stands in braces.
        """
        if not (ends or glued):
            self.blank()
        parts: list[Part] = []
        while self.at < len(self.text):
            character = self.text[self.at]
            if character in ends or (character in " \t\n|&;<>()" and not ends):
                break
            parts += self.part(character, ends)
        if not parts and not empty:
            raise self.problem(f"a word is missing before {self.text[self.at : self.at + 10]!r}")
        return tuple(parts)

    def part(self, character: str, ends: str) -> Word:
        if character == "'":
            end = self.text.index("'", self.at + 1) if "'" in self.text[self.at + 1 :] else -1
            if end < 0:
                raise self.problem("a quotation does not end")
            text, self.at = self.text[self.at + 1 : end], end + 1
            return (Part(text, quoted=True),)
        if character == '"':
            self.at += 1
            found = self.quoted('"')
            self.at += 1
            return found or (Part("", quoted=True),)
        if character == "\\":
            self.at += 2
            following = self.text[self.at - 1]
            return () if following == "\n" else (Part(following, quoted=True),)
        if character in "$`":
            return (self.expansion(quoted=False),)
        plain = _PLAIN.match(self.text, self.at)
        end = plain.end() if plain else self.at + 1
        if ends:
            end = next((at for at in range(self.at, end) if self.text[at] in ends), end)
        text, self.at = self.text[self.at : end], end
        return (Part(text),)

    def quoted(self, end: str) -> Word:
        """What stands between double quotes, or in a here-document."""
        parts: list[Part] = []
        text = ""
        while self.at < len(self.text) and self.text[self.at] != end:
            character = self.text[self.at]
            if character == "\\" and self.text[self.at + 1 : self.at + 2] in ("$", "`", '"', "\\", "\n"):
                text += self.text[self.at + 1].replace("\n", "")
                self.at += 2
            elif character in "$`" and not self._lonely():
                parts += [Part(text, quoted=True)] if text else []
                text = ""
                parts.append(self.expansion(quoted=True))
            else:
                text += character
                self.at += 1
        if end and self.at >= len(self.text):
            raise self.problem("a quotation does not end")
        return (*parts, Part(text, quoted=True)) if text else tuple(parts)

    def _lonely(self) -> bool:
        """Whether the dollar that stands here is only a dollar."""
        following = self.text[self.at + 1 : self.at + 2] or " "
        return self.text[self.at] == "$" and not (
            following in ("{", "(") or _PARAMETER.match(following or " ")
        )

    def expansion(self, *, quoted: bool) -> Part:
        if self._lonely():
            self.at += 1
            return Part("$", quoted=quoted)
        if self.text[self.at] == "`":
            return self.backquoted(quoted)
        self.at += 1
        if self.text.startswith("((", self.at):
            return self.arithmetic(quoted)
        if self.text[self.at] == "(":
            self.at += 1
            inner = self.sequence(lambda: self.operator() == ")")
            self.take(")")
            return Part("", quoted, "", command=inner)
        if self.text[self.at] == "{":
            return self.braced(quoted)
        found = _PARAMETER.match(self.text, self.at)
        assert found  # noqa: S101  it is not lonely
        self.at = found.end()
        return Part(found[0], quoted, "")

    def arithmetic(self, quoted: bool) -> Part:
        depth, end = 2, self.at + 2
        while depth and end < len(self.text):
            depth += {"(": 1, ")": -1}.get(self.text[end], 0)
            end += 1
        text, self.at = self.text[self.at + 2 : end - 2], end
        return Part("", quoted, "((", self.again(text).quoted(""))

    def braced(self, quoted: bool) -> Part:
        found = _BRACED.match(self.text, self.at + 1)
        if not found or (found[1] and (found[3] or found[2] in "@*")):
            raise self.problem(f"can't read {self.text[self.at - 1 : self.at + 20]!r}")
        self.at = found.end()
        argument = self.word(empty=True, ends="}") if found[3] else ()
        if self.text[self.at : self.at + 1] != "}":
            raise self.problem("'}' is missing")
        self.at += 1
        return Part(found[2], quoted, LENGTH if found[1] else found[3] or "", argument)

    def backquoted(self, quoted: bool) -> Part:
        found = re.compile(r"`((?:[^`\\]|\\.)*)`", re.DOTALL).match(self.text, self.at)
        if not found:
            raise self.problem("a backquote does not end")
        self.at = found.end()
        inner = re.sub(r"\\([`$\\])", r"\1", found[1])
        return Part("", quoted, "", command=self.again(inner).whole())
