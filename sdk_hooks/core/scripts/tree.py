"""The tree that shell text is read into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Part(NamedTuple):
    """A piece of a word: a text, `$name` with what is done to it, or `$(...)`."""

    text: str
    """The text, or the name of a parameter."""
    quoted: bool = False
    operator: str | None = None
    """None: a text. Of a parameter what stands in its braces, such as `:-`; empty for nothing."""
    argument: Word = ()
    command: Sequence | None = None


Word = tuple[Part, ...]


class Redirect(NamedTuple):
    """`2>file`, and the text of a here-document."""

    number: int
    operator: str
    target: Word


@dataclass(frozen=True)
class Simple:
    """A command with its words."""

    words: tuple[Word, ...]
    assignments: tuple[tuple[str, Word], ...] = ()


@dataclass(frozen=True)
class Pipeline:
    commands: tuple[Node, ...]
    negated: bool = False


@dataclass(frozen=True)
class AndOr:
    left: Node
    operator: str
    right: Node


@dataclass(frozen=True)
class Sequence:
    commands: tuple[Node, ...] = ()


@dataclass(frozen=True)
class If:
    condition: Node
    then: Node
    otherwise: Node | None


@dataclass(frozen=True)
class Case:
    word: Word
    branches: tuple[tuple[tuple[Word, ...], Node], ...]


@dataclass(frozen=True)
class For:
    name: str
    words: tuple[Word, ...] | None
    body: Node


@dataclass(frozen=True)
class While:
    condition: Node
    body: Node
    until: bool


@dataclass(frozen=True)
class Block:
    """`{ ...; }` or `( ... )`."""

    body: Node
    subshell: bool


@dataclass(frozen=True)
class Function:
    name: str
    body: Node


@dataclass(frozen=True)
class Redirected:
    command: Node
    redirects: tuple[Redirect, ...]


Node = Simple | Pipeline | AndOr | Sequence | If | Case | For | While | Block | Function | Redirected


class ScriptSyntaxError(ValueError):
    """The text is no shell script, or more of one than is read here."""
