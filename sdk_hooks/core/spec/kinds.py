"""Kinds of value in container.yaml: each one reads a YAML node, and describes itself as JSON Schema."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import yaml

from sdk_hooks.errors import SdkError, did_you_mean

NULL = "tag:yaml.org,2002:null"


class SpecError(SdkError):
    """Something in container.yaml is not right; says where."""

    code = "bad-spec"


class Kind(Protocol):
    """A kind of value."""

    def read(self, node: yaml.Node, key: str) -> Any:
        """The value of *node*, which stands at *key*.

        :raises SpecError: With file, line and column.
        """

    def schema(self) -> dict[str, Any]:
        """JSON Schema, draft 2020-12."""


def fail(node: yaml.Node, what: str, hint: str = "") -> SpecError:
    """An error at the place of *node*."""
    mark = node.start_mark
    return SpecError(f"{mark.name}:{mark.line + 1}:{mark.column + 1}: {what}", hint=hint)


@dataclass(frozen=True)
class Text:
    """A scalar whose text *parse* understands; it raises ValueError with what is wrong."""

    doc: str
    parse: Callable[[str], Any] = str
    json: Mapping[str, Any] | None = None

    def read(self, node: yaml.Node, key: str) -> Any:
        if not isinstance(node, yaml.ScalarNode) or node.tag == NULL:
            raise fail(node, f"{key!r} wants {self.doc}")
        try:
            return self.parse(node.value)
        except ValueError as error:
            raise fail(node, f"{key!r}: {error}", f"{key} wants {self.doc}") from error

    def schema(self) -> dict[str, Any]:
        return {**(self.json or {"type": "string"}), "description": self.doc}


@dataclass(frozen=True)
class Words:
    """A command: a list of words, or one text that is split as a shell does."""

    doc: str

    def read(self, node: yaml.Node, key: str) -> tuple[str, ...]:
        if isinstance(node, yaml.ScalarNode) and node.tag != NULL:
            try:
                return self.parse(node.value)
            except ValueError as error:
                raise fail(node, f"{key!r}: {error}") from error
        return tuple(Many(self.doc, Text("a word")).read(node, key))

    def parse(self, text: str) -> tuple[str, ...]:
        """The words of *text*; ValueError when a quotation is not closed."""
        try:
            return tuple(shlex.split(text))
        except ValueError as error:
            raise ValueError(str(error).lower()) from error

    def schema(self) -> dict[str, Any]:
        words = {"type": "array", "items": {"type": ["string", "number", "boolean"]}}
        return {"description": self.doc, "oneOf": [{"type": "string"}, words]}


@dataclass(frozen=True)
class Many:
    """A list of one kind."""

    doc: str
    item: Kind

    def read(self, node: yaml.Node, key: str) -> tuple[Any, ...]:
        if not isinstance(node, yaml.SequenceNode):
            raise fail(node, f"{key!r} wants a list: {self.doc}")
        return tuple(self.item.read(child, key) for child in node.value)

    def schema(self) -> dict[str, Any]:
        return {"description": self.doc, "type": "array", "items": self.item.schema()}


@dataclass(frozen=True)
class Pairs:
    """A mapping of texts, also as a list of `KEY=VALUE`."""

    doc: str

    def read(self, node: yaml.Node, key: str) -> dict[str, str]:
        if isinstance(node, yaml.SequenceNode):
            return dict(self._pair(child, key) for child in node.value)
        return {_name(value, name, key): _scalar(value, f"{key}.{name}") for name, value in pairs(node, key)}

    def _pair(self, node: yaml.Node, key: str) -> tuple[str, str]:
        name, equals, value = _scalar(node, key).partition("=")
        if not equals:
            raise fail(node, f"{key!r}: {name!r} has no '='")
        return _name(node, name, key), value

    def schema(self) -> dict[str, Any]:
        values = {"type": ["string", "number", "boolean"]}
        listed = {"type": "array", "items": {"type": "string", "pattern": r"^[^=\s]+="}}
        return {
            "description": self.doc,
            "oneOf": [
                {
                    "type": "object",
                    "propertyNames": {"pattern": r"^[^=\s]+$"},
                    "additionalProperties": values,
                },
                listed,
            ],
        }


@dataclass(frozen=True)
class Section:
    """A mapping with known keys, made into an object."""

    doc: str
    keys: Mapping[str, Kind]
    make: Callable[..., Any] = dict
    required: tuple[str, ...] = ()

    def read(self, node: yaml.Node, key: str) -> Any:
        found: dict[str, Any] = {}
        for name, value in pairs(node, key):
            if name not in self.keys:
                where = f" in {key!r}" if key else ""
                hint = did_you_mean(name, self.keys) or f"known: {', '.join(sorted(self.keys))}"
                raise fail(_key_node(node, name), f"unknown key {name!r}{where}", hint)
            found[name] = self.keys[name].read(value, f"{key}.{name}".lstrip("."))
        for name in self.required:
            if name not in found:
                raise fail(node, f"{key!r} has no {name!r}")
        try:
            return self.make(**found)
        except ValueError as error:
            raise fail(node, f"{key!r}: {error}" if key else str(error)) from error

    def said(self, key: str, text: str) -> Any:
        """What *text* means for *key* when it is said elsewhere: by an option, a variable.

        :raises ValueError: With what is wrong.
        """
        kind = self.keys[key]
        if not isinstance(kind, Text | Words):
            raise TypeError(f"{key!r} is not said in one text")
        return kind.parse(text)

    def schema(self) -> dict[str, Any]:
        return {
            "description": self.doc,
            "type": "object",
            "properties": {name: kind.schema() for name, kind in self.keys.items()},
            "additionalProperties": False,
            **({"required": list(self.required)} if self.required else {}),
        }


@dataclass(frozen=True)
class Either:
    """A text, or a mapping that says the same at more length."""

    text: Text
    section: Section

    def read(self, node: yaml.Node, key: str) -> Any:
        return (self.section if isinstance(node, yaml.MappingNode) else self.text).read(node, key)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [self.text.schema(), self.section.schema()]}


@dataclass(frozen=True)
class Table:
    """A mapping whose keys are names that somebody gives."""

    doc: str
    item: Kind
    names: str
    """The pattern of a name."""
    make: Callable[[dict[str, Any]], Any] = dict

    def read(self, node: yaml.Node, key: str) -> Any:
        found = {}
        for name, value in pairs(node, key):
            if not re.fullmatch(self.names, name):
                raise fail(_key_node(node, name), f"{key!r}: {name!r} can't be a name")
            empty = isinstance(value, yaml.ScalarNode) and value.tag == NULL
            filled = yaml.MappingNode("", [], value.start_mark, value.end_mark) if empty else value
            found[name] = self.item.read(filled, f"{key}.{name}")
        try:
            return self.make(found)
        except ValueError as error:
            raise fail(node, f"{key!r}: {error}") from error

    def schema(self) -> dict[str, Any]:
        return {
            "description": self.doc,
            "type": "object",
            "propertyNames": {"pattern": f"^(?:{self.names})$"},
            "additionalProperties": {"anyOf": [{"type": "null"}, self.item.schema()]},
        }


def pairs(node: yaml.Node, key: str) -> list[tuple[str, yaml.Node]]:
    """Keys and values of a mapping node; a key that stands twice is an error."""
    if not isinstance(node, yaml.MappingNode):
        raise fail(node, f"{key!r} wants keys and values" if key else "the file wants keys and values")
    found: dict[str, yaml.Node] = {}
    for name, value in node.value:
        if not isinstance(name, yaml.ScalarNode):
            raise fail(name, "a key must be a text")
        if name.value in found:
            raise fail(name, f"the key {name.value!r} stands twice")
        found[name.value] = value
    return list(found.items())


def choice(doc: str, *values: str) -> Text:
    """One of a few words."""

    def parse(text: str) -> str:
        if text not in values:
            raise ValueError(f"{text!r} is not one of {', '.join(values)}")
        return text

    return Text(doc, parse, {"enum": list(values)})


def matching(doc: str, pattern: str, what: str) -> Text:
    """A text that *pattern* matches as a whole."""

    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"{text!r} is not {what}")
        return text

    return Text(doc, parse, {"type": ["string", "number"], "pattern": f"^(?:{pattern})$"})


def _scalar(node: yaml.Node, key: str) -> str:
    if not isinstance(node, yaml.ScalarNode) or node.tag == NULL:
        raise fail(node, f"{key!r} wants a text", 'write "" for an empty one')
    return str(node.value)


def _name(node: yaml.Node, name: str, key: str) -> str:
    if not re.fullmatch(r"[^\s=\0]+", name):
        raise fail(node, f"{key!r}: {name!r} can't be a name")
    return name


def _key_node(node: yaml.Node, name: str) -> yaml.Node:
    assert isinstance(node, yaml.MappingNode)  # noqa: S101  pairs() has checked it
    found: yaml.Node = next(key for key, _ in node.value if key.value == name)
    return found
