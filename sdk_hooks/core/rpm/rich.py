"""Reads rpm's boolean dependencies, such as `(a or b)` and `(a >= 1 with a < 2)`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from sdk_hooks.packages import Condition, Relation

_SIGNS = {"<": "<<", ">": ">>", "=": "=", "<=": "<=", ">=": ">="}
_TOKEN = re.compile(r"\s*(\(|\)|[^\s()]+(?:\([^\s()]*(?:\([^\s()]*\)[^\s()]*)*\)[^\s()]*)*)")
_NOTHING = Relation("")
_WORDS = ("and", "or", "with", "without", "if", "unless")
_BETWEEN_TWO = ("without", "if", "unless")
_ELSE = {"if": ["if", "else"], "unless": ["unless", "else"]}
_MOST = 256
"""Clauses of one dependency: those of real packages have a handful."""


class _Literal(NamedTuple):
    relation: Relation
    there: bool


_Clauses = list[tuple[_Literal, ...]]
"""All of them hold; of each, one literal."""


@dataclass(frozen=True)
class _Node:
    operator: str
    """`and`, `or`, `with`, `without`; `if` and `unless`, three parts with `else`; `` of a relation."""
    parts: tuple[_Node, ...] = ()
    relation: Relation = _NOTHING


def conditions(text: str, *, holds: bool = True) -> list[Condition]:
    """What *text* asks for, all of it; what is asked for in any case has no `when`.

    What must not be there has no `then`.

    :param holds: False: that *text* does not hold, as conflicts ask for it.
    :raises ValueError: Naming what can't be read.
    """
    found = []
    for clause in _clauses(_Parser(text).whole(), holds):
        when = tuple(literal.relation for literal in clause if not literal.there)
        then = tuple(literal.relation for literal in clause if literal.there)
        if not set(when) & set(then):
            found.append(Condition(when, then))
    return found


def names(text: str) -> list[str]:
    """The names in *text*, by which rpm finds who needs or hinders a package.

    With a `!` in front what matters when it is not there. What can't be read has none.
    """
    try:
        found = _names(_Parser(text).whole(), "")
    except ValueError:
        return []
    return sorted(set(found), key=lambda name: name if name.startswith("!") else f" {name}")


def _names(node: _Node, sign: str) -> list[str]:
    if not node.operator:
        return [] if node.relation.name.startswith("rpmlib(") else [f"{sign}{node.relation.name}"]
    if node.operator not in _ELSE:
        return [name for part in node.parts for name in _names(part, sign)]
    first, condition, *otherwise = node.parts
    other = "" if sign else "!"
    found = [*_names(first, sign), *_names(condition, other)]
    return found + [name for part in otherwise for name in (*_names(condition, sign), *_names(part, sign))]


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.left: list[str] = _TOKEN.findall(text)[::-1]
        if "".join(text.split()) != "".join(reversed(self.left)):
            raise self.unknown()

    def unknown(self) -> ValueError:
        return ValueError(f"needs {self.text!r}, which can't be followed")

    def take(self) -> str:
        if not self.left:
            raise self.unknown()
        return self.left.pop()

    def whole(self) -> _Node:
        found = self.node()
        if self.left:
            raise self.unknown()
        return found

    def node(self) -> _Node:
        if self.left[-1:] != ["("]:
            return _Node("", relation=self.relation())
        self.take()
        parts, words = [self.node()], list[str]()
        while (word := self.take()) != ")":
            words.append(word)
            parts.append(self.node())
        if not words:
            return parts[0]
        same = [words[0]] * (1 if words[0] in _BETWEEN_TWO else len(words))
        if words[0] not in _WORDS or words not in (same, _ELSE.get(words[0])):
            raise self.unknown()
        return _Node(words[0], tuple(parts))

    def relation(self) -> Relation:
        name = self.take()
        if name in "()":
            raise self.unknown()
        if self.left[-1:] and self.left[-1] in _SIGNS:
            return Relation(name, _SIGNS[self.take()], self.take())
        return Relation(name)


def _clauses(node: _Node, there: bool) -> _Clauses:
    """What it means that *node* holds, or that it does not, as clauses."""
    parts = node.parts
    match node.operator:
        case "":
            return [(_Literal(node.relation, there),)]
        case "with" | "without":
            found = [_Node("", relation=relation) for relation in _packages(node)]
            return _clauses(_Node("or", tuple(found)), there)
        case "if" if len(parts) == 2:  # a, or not b
            consequence, condition = _clauses(parts[0], there), _clauses(parts[1], not there)
            return _either([consequence, condition]) if there else consequence + condition
        case "unless" if len(parts) == 2:  # a, and not b
            consequence, hindrance = _clauses(parts[0], there), _clauses(parts[1], not there)
            return consequence + hindrance if there else _either([consequence, hindrance])
        case "if":  # (a or not b) and (c or b)
            a, b, c = parts
            return _clauses(_Node("and", (_Node("if", (a, b)), _Node("or", (c, b)))), there)
        case "unless":  # (a or b) and (c or not b): a where b is not, c where it is
            a, b, c = parts
            return _clauses(_Node("and", (_Node("or", (a, b)), _Node("if", (c, b)))), there)
    each = [_clauses(part, there) for part in parts]
    return [clause for of in each for clause in of] if (node.operator == "and") == there else _either(each)


def _packages(node: _Node) -> list[Relation]:
    """What one package has to be, each of which will do.

    :raises ValueError: When it is about more than one package.
    """
    each = [_packages(part) for part in node.parts]
    match node.operator:
        case "":
            return [node.relation]
        case "or":
            return [relation for of in each for relation in of]
        case "with":
            _check(len(list(product(*each))))
            return [first._replace(also=(*first.also, *others)) for first, *others in product(*each)]
        case "without":
            return [first._replace(but=(*first.but, *each[1])) for first in each[0]]
    raise ValueError(f"needs something that is one package, and several by {node.operator!r}")


def _either(of: list[_Clauses]) -> _Clauses:
    count = 1
    for each in of:
        count *= len(each)
    _check(count)
    return [
        tuple(dict.fromkeys(literal for clause in chosen for literal in clause)) for chosen in product(*of)
    ]


def _check(count: int) -> None:
    if count > _MOST:
        raise ValueError(f"needs something that has {count} conditions")
