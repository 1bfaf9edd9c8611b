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
    """`and`, `or`, `if`, `else`; or `` of a relation."""
    parts: tuple[_Node, ...] = ()
    relation: Relation = _NOTHING


def conditions(text: str) -> list[Condition]:
    """What *text* asks for, all of it; what is asked for in any case has no `when`.

    :raises ValueError: Naming what can't be read.
    """
    parser = _Parser(text)
    node = parser.node()
    if parser.left:
        raise parser.unknown()
    found = []
    for clause in _clauses(node, True):
        when = tuple(literal.relation for literal in clause if not literal.there)
        then = tuple(literal.relation for literal in clause if literal.there)
        if not then:
            raise parser.unknown()
        if not set(when) & set(then):
            found.append(Condition(when, then))
    return found


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

    def node(self) -> _Node:
        if self.left[-1:] != ["("]:
            return _Node("", relation=self.relation())
        self.take()
        parts, operator = [self.node()], ""
        while (word := self.take()) != ")":
            if operator and word != operator and (operator, word) != ("if", "else"):
                raise self.unknown()
            operator = word
            parts.append(self.node())
        return self.joined(operator, parts)

    def joined(self, operator: str, parts: list[_Node]) -> _Node:
        if not operator:
            return parts[0]
        if operator == "with" and all(not part.operator for part in parts):
            first, *others = (part.relation for part in parts)
            return _Node("", relation=first._replace(also=(*first.also, *others)))
        known = {"and": True, "or": True, "if": len(parts) == 2, "else": len(parts) == 3}
        if not known.get(operator):
            raise self.unknown()
        return _Node(operator, tuple(parts))

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
        case "if":  # a, or not b
            condition, consequence = _clauses(parts[1], not there), _clauses(parts[0], there)
            return _either([consequence, condition]) if there else consequence + condition
        case "else":  # (a or not b) and (c or b)
            a, b, c = parts
            whole = _Node("and", (_Node("if", (a, b)), _Node("or", (c, b))))
            return _clauses(whole, there)
    each = [_clauses(part, there) for part in parts]
    return [clause for of in each for clause in of] if (node.operator == "and") == there else _either(each)


def _either(of: list[_Clauses]) -> _Clauses:
    count = 1
    for each in of:
        count *= len(each)
    if count > _MOST:
        raise ValueError(f"needs something that has {count} conditions")
    return [
        tuple(dict.fromkeys(literal for clause in chosen for literal in clause)) for chosen in product(*of)
    ]
