"""An entry of `devices:`: the path of a node, the name of a CDI device, or what the device is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from sdk_hooks.container import Device, DeviceMatch
from sdk_hooks.core.spec import kinds, values
from sdk_hooks.families import DeviceKind

DEFINITION = "device"
"""Where the JSON Schema has it: `#/$defs/device`."""
_DOC = "/dev/NODE[:/PATH][:rwm], vendor.com/class=name, or a mapping such as {tty: ttyUSB0}"
_ACCESS = r"(?=[rwm])r?w?m?"
_TEXT = kinds.Text(_DOC, values.device)
_REST: Mapping[str, kinds.Kind] = {
    "path": kinds.Text("the path of its node in the container", values.inside, values.INSIDE),
    "access": kinds.matching("what it may: of r, w, m", _ACCESS, "of r, w, m"),
}


class DeviceEntry:
    """The kind of value that an entry is."""

    def read(self, node: yaml.Node, key: str) -> Device | DeviceMatch:
        if not isinstance(node, yaml.MappingNode):
            found: Device | DeviceMatch = _TEXT.read(node, key)
            return found
        given = dict(kinds.pairs(node, key))
        rest = {
            name: kind.read(given.pop(name), f"{key}.{name}") for name, kind in _REST.items() if name in given
        }
        if len(given) != 1:
            said = f"more than one: {', '.join(given)}" if given else "none"
            raise kinds.fail(node, f"{key!r} wants one way to say which device is meant, here is {said}")
        ((way, value),) = given.items()
        words = _words(value, f"{key}.{way}")
        if way == values.CAN:
            hint = f"write {values.of_interface(words[0])}"
            raise kinds.fail(node, f"'{key}.{way}': {values.NO_NODE}", hint)
        if way == "cdi":
            return _cdi(node, words[0], rest, f"{key}.{way}")
        return DeviceMatch(way, words, rest.get("path", ""), rest.get("access", "rwm"))

    def schema(self) -> dict[str, Any]:
        return {"$ref": f"#/$defs/{DEFINITION}"}


def schema(ways: Mapping[str, DeviceKind]) -> dict[str, Any]:
    """JSON Schema of an entry, where *ways* are those that a device can be found in."""
    text = {
        "type": "string",
        "anyOf": [{"pattern": f"^(?:{p})$"} for p in (values.DEVICE, values.CDI, values.MATCH)],
    }
    found = {name: _value(way) for name, way in ways.items()}
    found["cdi"] = {
        "type": "string",
        "pattern": f"^(?:{values.CDI})$",
        "description": "the name of a CDI device",
    }
    mapping = {
        "type": "object",
        "properties": {**found, **{name: kind.schema() for name, kind in _REST.items()}},
        "additionalProperties": False,
        "oneOf": [{"required": [name]} for name in found],
    }
    return {"description": _DOC, "anyOf": [text, mapping]}


def _value(way: DeviceKind) -> dict[str, Any]:
    doc = f"{way.summary}: {way.values}"
    if way.pairs:
        return {**kinds.Pairs(doc).schema(), "description": doc}
    return {"type": ["string", "number"], "pattern": f"^(?:{way.pattern})$", "description": doc}


def _words(node: yaml.Node, key: str) -> tuple[str, ...]:
    if isinstance(node, yaml.ScalarNode):
        return (str(kinds.Text("a text", values.word).read(node, key)),)
    return tuple(f"{name}={value}" for name, value in kinds.Pairs("properties").read(node, key).items())


def _cdi(node: yaml.Node, name: str, rest: Mapping[str, str], key: str) -> DeviceMatch:
    found = values.cdi(name)
    if found is None:
        raise kinds.fail(
            node, f"{key!r}: {name!r} is not the name of a CDI device such as vendor.com/class=name"
        )
    if rest:
        raise kinds.fail(node, f"{key!r}: path and access are what the CDI spec says")
    return found
