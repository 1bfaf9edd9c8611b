"""What stands below a key of a compose file; keys that nothing here knows are refused by name."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from sdk_hooks.core.spec.compose_hints import hint
from sdk_hooks.core.spec.kinds import Text, fail, pairs

_IGNORED = (
    "version", "container_name", "expose", "labels", "pull_policy", "stdin_open", "tty", "init", "profiles",
    "attach", "platform",
)  # fmt: skip
"""What changes nothing here: names are the application's, exposed ports are open on a network of its own."""


def checked_keys(node: yaml.Node, key: str, known: set[str]) -> dict[str, yaml.Node]:
    """The values of *node* by key, when all keys are *known*; what is ignored is left out."""
    found = {} if empty(node) else dict(pairs(node, key))
    for name, value in found.items():
        if name not in known and name not in _IGNORED and not name.startswith("x-"):
            where = f"{key}.{name}".lstrip(".")
            raise fail(value, f"{where!r} of compose files is not supported", hint(where))
    return {name: value for name, value in found.items() if name in known}


def named(found: Mapping[str, yaml.Node], key: str) -> list[tuple[str, yaml.Node]]:
    return pairs(found[key], key) if key in found and not empty(found[key]) else []


def empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def sequence(found: Mapping[str, yaml.Node], name: str, key: str) -> list[yaml.Node]:
    node = found.get(name)
    if node is not None and not isinstance(node, yaml.SequenceNode):
        raise fail(node, f"'{key}.{name}' wants a list")
    return list(node.value) if node else []


def listed(found: Mapping[str, yaml.Node], name: str, key: str) -> list[tuple[str, yaml.Node | None]]:
    """Names in a list, or the keys of a mapping with their values."""
    node = found.get(name)
    if isinstance(node, yaml.MappingNode):
        return list(pairs(node, f"{key}.{name}"))
    return [(Text("a name").read(each, f"{key}.{name}"), None) for each in sequence(found, name, key)]
