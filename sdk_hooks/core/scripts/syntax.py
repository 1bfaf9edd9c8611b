"""Reads shell text (POSIX.1-2017, chapter 2) into a tree, as far as the scripts of packages go."""

from __future__ import annotations

import re
from collections.abc import Callable

from sdk_hooks.core.scripts.tree import (
    AndOr,
    Block,
    Case,
    For,
    Function,
    If,
    Node,
    Pipeline,
    Redirect,
    Redirected,
    Sequence,
    Simple,
    While,
    Word,
)
from sdk_hooks.core.scripts.words import RESERVED, Words

_REDIRECT = re.compile(r"(\d*)(<<-|<<|>>|>&|<&|>\||<>|<|>)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_FUNCTION = re.compile(r"([A-Za-z_][\w-]*)[ \t]*\([ \t]*\)")


def parse(text: str) -> Sequence:
    """The commands of *text*.

    :raises ScriptSyntaxError: With the line.
    """
    parser = _Parser(text)
    try:
        found = parser.whole()
    except (IndexError, RecursionError):
        raise parser.problem("it ends too early") from None
    return found


class _Parser(Words):
    def sequence(self, ends: Callable[[], bool]) -> Sequence:
        commands: list[Node] = []
        while True:
            self.lines()
            self.blank()
            if ends():
                return Sequence(tuple(commands))
            commands.append(self.and_or())
            if self.operator() == "&":
                raise self.problem("a command in the background")
            if self.take(";") or self.take("\n") or ends() or self.operator() in (")", ";;"):
                continue
            if self.at < len(self.text):
                raise self.problem(f"unexpected {self.text[self.at : self.at + 10]!r}")

    def until(self, *words: str) -> Sequence:
        return self.sequence(lambda: self.keyword() in words)

    def and_or(self) -> Node:
        left = self.pipeline()
        while self.operator() in ("&&", "||"):
            operator = self.operator()
            self.take(operator)
            self.lines()
            left = AndOr(left, operator, self.pipeline())
        return left

    def pipeline(self) -> Node:
        negated = self.keyword() == "!"
        self.at += negated
        commands = [self.command()]
        while self.operator() == "|":
            self.take("|")
            self.lines()
            commands.append(self.command())
        return commands[0] if len(commands) == 1 and not negated else Pipeline(tuple(commands), negated)

    def command(self) -> Node:
        self.blank()
        found = _FUNCTION.match(self.text, self.at)
        if found and found[1] not in RESERVED:
            self.at = found.end()
            self.lines()
            return Function(found[1], self.command())
        readers = {
            "if": self.if_,
            "case": self.case,
            "for": self.for_,
            "while": self.while_,
            "until": self.while_,
        }
        word = self.keyword()
        if word in readers:
            self.at += len(word)
            return self.redirected(readers[word](word))
        if word == "{" or self.operator() == "(":
            return self.redirected(self.block())
        return self.simple()

    def block(self) -> Node:
        if self.take("("):
            body = self.sequence(lambda: self.operator() == ")")
            self.take(")")
            return Block(body, subshell=True)
        self.expect("{")
        body = self.until("}")
        self.expect("}")
        return Block(body, subshell=False)

    def if_(self, _: str) -> Node:
        condition = self.until("then")
        self.expect("then")
        then = self.until("elif", "else", "fi")
        word = self.keyword()
        self.at += len(word)
        if word == "elif":
            return If(condition, then, self.if_(word))
        otherwise = self.until("fi") if word == "else" else None
        if otherwise is not None:
            self.expect("fi")
        return If(condition, then, otherwise)

    def case(self, _: str) -> Node:
        word = self.word()
        self.expect("in")
        branches = []
        self.lines()
        while self.keyword() != "esac":
            self.take("(")
            patterns = [self.word()]
            while self.take("|"):
                patterns.append(self.word())
            if not self.take(")"):
                raise self.problem("')' is missing")
            body = self.sequence(lambda: self.operator() == ";;" or self.keyword() == "esac")
            self.take(";;")
            branches.append((tuple(patterns), body))
            self.lines()
        self.expect("esac")
        return Case(word, tuple(branches))

    def for_(self, _: str) -> Node:
        self.blank()
        found = _NAME.match(self.text, self.at)
        if not found:
            raise self.problem("'for' wants a name")
        self.at = found.end()
        self.lines()
        words = None
        if self.keyword() == "in":
            self.expect("in")
            words = tuple(self.words())
        self.take(";")
        return For(found[0], words, self.loop())

    def while_(self, word: str) -> Node:
        condition = self.until("do")
        return While(condition, self.loop(), word == "until")

    def loop(self) -> Node:
        self.expect("do")
        body = self.until("done")
        self.expect("done")
        return body

    def simple(self) -> Node:
        redirects: list[Redirect] = []
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        while True:
            self.blank()
            if self.redirect(redirects):
                continue
            found = _ASSIGNMENT.match(self.text, self.at)
            if found and not words:
                self.at = found.end()
                assignments.append((found[1], self.word(empty=True, glued=True)))
            elif self.at < len(self.text) and not self.operator():
                words.append(self.word())
            else:
                break
        if not (words or assignments or redirects):
            raise self.problem(f"a command is missing before {self.text[self.at : self.at + 10]!r}")
        made = Simple(tuple(words), tuple(assignments))
        return Redirected(made, tuple(redirects)) if redirects else made

    def words(self) -> list[Word]:
        found = []
        while self.operator() == "" and self.at < len(self.text):
            found.append(self.word())
        return found

    def redirected(self, node: Node) -> Node:
        redirects: list[Redirect] = []
        self.blank()
        while self.redirect(redirects):
            self.blank()
        return Redirected(node, tuple(redirects)) if redirects else node

    def redirect(self, redirects: list[Redirect]) -> bool:
        found = _REDIRECT.match(self.text, self.at)
        if not found:
            return False
        self.at = found.end()
        operator = found[2]
        number = int(found[1]) if found[1] else int(">" in operator)
        self.blank()
        if operator in ("<<", "<<-"):
            redirects.append(Redirect(number, "<<", self.here_document(tabs=operator == "<<-")))
        else:
            redirects.append(Redirect(number, operator, self.word()))
        return True
