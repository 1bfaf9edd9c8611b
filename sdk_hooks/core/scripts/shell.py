"""Follows shell commands over the files of an image; gives up at the first thing that it does not know."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO

from sdk_hooks.core.scripts.call import Call, Command
from sdk_hooks.core.scripts.expansion import Expansion, NotUnderstoodError
from sdk_hooks.core.scripts.syntax import parse
from sdk_hooks.core.scripts.tree import (
    AndOr,
    Block,
    Case,
    For,
    Function,
    If,
    Node,
    Pipeline,
    Redirected,
    ScriptSyntaxError,
    Sequence,
    Simple,
    While,
    Word,
)

PATH = ("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin")
_STEPS = 20_000
"""Commands after which a script is taken to never end."""


class _Exit(Exception):  # noqa: N818  no error: how `exit` and `return` leave
    def __init__(self, status: int, *, function: bool = False) -> None:
        super().__init__(status)
        self.status, self.function = status, function


class _Break(Exception):  # noqa: N818  how `break` and `continue` leave
    def __init__(self, goes_on: bool) -> None:
        super().__init__(goes_on)
        self.goes_on = goes_on


@dataclass
class Shell(Expansion):
    """One run of a script.

    :param commands: By name.
    """

    commands: Mapping[str, Command] = field(default_factory=dict)
    functions: dict[str, Node] = field(default_factory=dict)
    options: set[str] = field(default_factory=set)
    umask: int = 0o022
    cwd: str = "/"
    locals: list[dict[str, str | None]] = field(default_factory=list)
    """Of each function that is being followed, what its local variables were before."""
    out: str = ""
    steps: int = 0
    tested: int = 0
    """How many conditions deep: a failure there does not end the script."""

    def run(self, text: str, stdin: StringIO | None = None) -> int:
        """Follow *text*; its exit status.

        :raises NotUnderstoodError: Saying at what.
        """
        try:
            return self.node(parse(text), stdin or StringIO())
        except ScriptSyntaxError as error:
            raise NotUnderstoodError(f"its text: {error}") from error
        except _Exit as end:
            return end.status
        except _Break as end:
            raise NotUnderstoodError("a break outside of a loop") from end
        except RecursionError:
            raise NotUnderstoodError("it calls itself") from None

    def node(self, node: Node, stdin: StringIO) -> int:
        self.steps += 1
        if self.steps > _STEPS:
            raise NotUnderstoodError("it does not end")
        match node:
            case Sequence():
                return self.sequence(node, stdin)
            case Simple():
                self.status = self.simple(node, stdin)
                if self.status and "e" in self.options and not self.tested:
                    raise _Exit(self.status)
            case Redirected():
                self.status = self.redirected(node, stdin)
            case Pipeline():
                self.status = self.pipeline(node, stdin)
            case AndOr():
                self.status = self.and_or(node, stdin)
            case Function():
                self.functions[node.name] = node.body
                self.status = 0
            case _:
                self.status = self.compound(node, stdin)
        return self.status

    def sequence(self, node: Sequence, stdin: StringIO) -> int:
        self.status = 0 if not node.commands else self.status
        for each in node.commands:
            self.node(each, stdin)
        return self.status

    def compound(self, node: Node, stdin: StringIO) -> int:
        match node:
            case If(condition, then, otherwise):
                if self.condition(condition, stdin) == 0:
                    return self.node(then, stdin)
                return self.node(otherwise, stdin) if otherwise else 0
            case For(name, words, body):
                values = self.fields(words) if words is not None else self.arguments[1:]
                self.status = 0
                for value in values:
                    self.variables[name] = value
                    if not self.round(body, stdin):
                        break
                return self.status
            case While(condition, body, until):
                while (self.condition(condition, stdin) == 0) != until and self.round(body, stdin):
                    pass
                return 0
            case Case(word, branches):
                return self.case(self.text(word), branches, stdin)
            case Block(body, subshell):
                return self.subshell(body, stdin) if subshell else self.node(body, stdin)
        raise NotUnderstoodError(type(node).__name__)

    def round(self, body: Node, stdin: StringIO) -> bool:
        """Once through a loop; whether it goes on."""
        try:
            self.node(body, stdin)
        except _Break as end:
            self.status = 0
            return end.goes_on
        return True

    def condition(self, node: Node, stdin: StringIO) -> int:
        self.tested += 1
        try:
            return self.node(node, stdin)
        finally:
            self.tested -= 1

    def case(self, value: str, branches: tuple[tuple[tuple[Word, ...], Node], ...], stdin: StringIO) -> int:
        for patterns, body in branches:
            if any(fnmatch.fnmatchcase(value, self.pattern(pattern)) for pattern in patterns):
                return self.node(body, stdin)
        return 0

    def subshell(self, body: Node, stdin: StringIO) -> int:
        kept = dict(self.variables), dict(self.functions), set(self.options), self.umask, self.cwd
        try:
            return self.node(body, stdin)
        except _Exit as end:
            return end.status
        finally:
            self.variables, self.functions, self.options, self.umask, self.cwd = kept

    def and_or(self, node: AndOr, stdin: StringIO) -> int:
        left = self.condition(node.left, stdin)
        if (left == 0) == (node.operator == "&&"):
            return self.node(node.right, stdin)
        return left

    def pipeline(self, node: Pipeline, stdin: StringIO) -> int:
        self.tested += node.negated
        try:
            for each in node.commands[:-1]:
                stdin = StringIO(self.captured(each, stdin))
            status = self.node(node.commands[-1], stdin)
        finally:
            self.tested -= node.negated
        return int(status == 0) if node.negated else status

    def captured(self, node: Node, stdin: StringIO | None = None) -> str:
        """What *node* prints."""
        before, self.out = self.out, ""
        try:
            self.subshell(node, stdin or StringIO())
            return self.out
        finally:
            self.out = before

    def redirected(self, node: Redirected, stdin: StringIO) -> int:
        before, target, append = self.out, "", False
        into = None
        for number, operator, word in node.redirects:
            if operator == "<<":
                stdin = StringIO(self.text(word))
            elif operator == "<" and number == 0:
                content = self.root.content(self.text(word))
                if content is None:
                    raise NotUnderstoodError(f"it reads '{self.text(word)}', which is not there")
                stdin = StringIO(content.decode(errors="replace"))
            elif operator in (">", ">>", ">|") and number == 1:
                into, append = self.text(word), operator == ">>"
            elif operator == ">&" and number == 1:
                into = None if self.text(word) == "1" else "/dev/null"  # to stderr
            elif number == 1:
                raise NotUnderstoodError(f"a redirection {operator}")
        if into is None:
            return self.node(node.command, stdin)
        self.out = ""
        try:
            return self.node(node.command, stdin)
        finally:
            printed, self.out = self.out, before
            self.store(into, printed, append=append)
            del target

    def store(self, path: str, printed: str, *, append: bool) -> None:
        if path.startswith("/dev/"):
            return
        before = (self.root.content(path) or b"") if append else b""
        self.root.write(path, before + printed.encode(), 0o666 & ~self.umask)

    def simple(self, node: Simple, stdin: StringIO) -> int:
        values = {name: self.text(word) for name, word in node.assignments}
        words = self.fields(node.words)
        if not words:
            self.variables.update(values)
            return 0
        if not values:
            return self.call(words[0], words[1:], stdin)
        kept = {name: self.variables.get(name) for name in values}
        self.variables.update(values)
        try:
            return self.call(words[0], words[1:], stdin)
        finally:
            for name, value in kept.items():
                self.variables.pop(name, None)
                self.variables.update({} if value is None else {name: value})

    def call(self, name: str, words: list[str], stdin: StringIO) -> int:
        if name in self.functions:
            return self.function(name, words, stdin)
        known = self.commands.get(name.rpartition("/")[2] if name.startswith("/") else name)
        call = Call(self, name, words, stdin)
        if known is None:
            return self.program(call)
        try:
            status = known(call)
        except ScriptSyntaxError:
            raise
        except (ValueError, IndexError) as error:  # not the words that it is given elsewhere
            raise call.unknown(str(error)) from error
        self.out += call.stdout
        return status

    def program(self, call: Call) -> int:
        """Follow a program of the image that is a shell script itself."""
        places = [call.name] if "/" in call.name else [f"/{each}/{call.name}" for each in PATH]
        text = next((found for found in map(self.root.content, places) if found), b"")
        if not re.match(rb"#! ?/bin/(ba|da)?sh\b", text):
            raise call.unknown()
        inner = Shell(
            self.root, [call.name, *call.words], dict(self.variables), commands=self.commands, cwd=self.cwd
        )
        inner.options |= {"e"} if b" -e" in text.partition(b"\n")[0] else set()
        inner.steps = self.steps
        status = inner.run(text.decode(errors="replace"), call.stdin)
        self.steps, self.out = inner.steps, self.out + inner.out
        return status

    def function(self, name: str, words: list[str], stdin: StringIO) -> int:
        kept, self.arguments = self.arguments, [self.arguments[0], *words]
        self.locals.append({})
        try:
            return self.node(self.functions[name], stdin)
        except _Exit as end:
            if not end.function:
                raise
            return end.status
        finally:
            self.arguments = kept
            for each, value in self.locals.pop().items():
                self.variables.pop(each, None)
                self.variables.update({} if value is None else {each: value})

    def local(self, name: str) -> None:
        """Let *name* be as it was once the function has ended."""
        if self.locals:
            self.locals[-1].setdefault(name, self.variables.get(name))

    def leave_loop(self, *, goes_on: bool) -> int:
        raise _Break(goes_on)

    def leave(self, status: int, *, function: bool) -> int:
        raise _Exit(status, function=function)
