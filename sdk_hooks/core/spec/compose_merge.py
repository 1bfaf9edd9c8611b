"""Merges compose files, and a service into the one that it extends, by compose's rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import yaml

from sdk_hooks.core.spec.kinds import NULL, fail, pairs

TEXT, MAP, SEQUENCE = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq"))
_REPLACED = ("command", "entrypoint", "test")
"""Lists that are one value."""
_MAPPED = ("environment", "labels", "extra_hosts", "sysctls", "depends_on", "networks", "args", "annotations")
"""What is a list or a mapping: the keys count."""
_LISTED = ("env_file", "tmpfs", "dns", "dns_search", "dns_opt")
"""What is a text or a list."""
_BY_TARGET = ("volumes", "devices", "configs", "secrets")
"""Lists of which each entry has its place in the container."""
_RESET = "!reset"
_OVERRIDE = "!override"


def merged(base: yaml.Node, over: yaml.Node, key: str = "") -> yaml.Node:
    """What *over* says over *base*, both at *key*: mappings by key, lists one after the other.

    The two are as before. `!reset` takes away what was said, `!override` puts itself in its place.

    :raises SpecError: When one is a list and the other is not.
    """
    word = key.rpartition(".")[2]
    if over.tag == NULL:
        return base
    if base.tag == NULL or over.tag == _OVERRIDE or word in _REPLACED:
        return over
    if word in _MAPPED:
        base, over = _mapping(base, word), _mapping(over, word)
    if word in _LISTED:
        base, over = _list(base), _list(over)
    if type(base) is not type(over):
        raise fail(over, f"{key!r} is of another form than at {_place(base)}", "write both in one form")
    if isinstance(base, yaml.MappingNode):
        return _merged_mapping(base, over, key)
    if isinstance(base, yaml.SequenceNode):
        return _like(over, _joined([*base.value, *over.value], _target if word in _BY_TARGET else _text))
    return over


def without_resets(node: yaml.Node) -> yaml.Node:
    """*node* without the keys whose value is `!reset`."""
    if not isinstance(node, yaml.MappingNode):
        return node
    kept = [(name, without_resets(value)) for name, value in node.value if value.tag != _RESET]
    return _like(node, kept)


def entry(node: yaml.Node, *names: str) -> yaml.Node | None:
    """The value in *node* that the keys *names* lead to, None when there is none."""
    for name in names:
        if not isinstance(node, yaml.MappingNode):
            return None
        found = dict(pairs(node, name)).get(name)
        if found is None:
            return None
        node = found
    return node


def put(node: yaml.Node, name: str, value: yaml.Node | None) -> yaml.Node:
    """A copy of the mapping *node* with *value* at *name*; None takes it away."""
    kept = [(key, each) for key, each in node.value if key.value != name]
    if value is None:
        return _like(node, kept)
    return _like(node, [*kept, (yaml.ScalarNode(TEXT, name, value.start_mark, value.end_mark), value)])


def text(value: str, place: yaml.Node) -> yaml.ScalarNode:
    """A text that stands where *place* does."""
    return yaml.ScalarNode(TEXT, value, place.start_mark, place.end_mark)


def _merged_mapping(base: yaml.Node, over: yaml.Node, key: str) -> yaml.Node:
    pairs(base, key)
    pairs(over, key)
    found = {name.value: (name, value) for name, value in base.value}
    for name, value in over.value:
        if value.tag == _RESET:
            found.pop(name.value, None)
        elif name.value in found:
            both = merged(found[name.value][1], value, f"{key}.{name.value}".lstrip("."))
            found[name.value] = (name, both)
        else:
            found[name.value] = (name, value)
    return _like(over, list(found.values()))


def _like(node: yaml.Node, value: list[Any]) -> yaml.Node:
    return type(node)(node.tag, value, node.start_mark, node.end_mark)


def _list(node: yaml.Node) -> yaml.Node:
    if isinstance(node, yaml.SequenceNode):
        return node
    return yaml.SequenceNode(SEQUENCE, [node], node.start_mark, node.end_mark)


def _mapping(node: yaml.Node, word: str) -> yaml.Node:
    """A list `[A=1, B]` as the mapping `{A: 1, B: }`."""
    if not isinstance(node, yaml.SequenceNode):
        return node
    made: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for each in node.value:
        if not isinstance(each, yaml.ScalarNode):
            raise fail(each, f"{word!r} wants a list of texts")
        mark = "=" if "=" in each.value or word != "extra_hosts" else ":"
        name, found, value = each.value.partition(mark)
        none = yaml.ScalarNode(NULL, "", each.start_mark, each.end_mark)
        made[name] = (text(name, each), text(value, each) if found else none)
    return yaml.MappingNode(MAP, list(made.values()), node.start_mark, node.end_mark)


def _joined(nodes: Iterable[yaml.Node], name: Callable[[yaml.Node], object]) -> list[Any]:
    """Of several with one name the last, at the place of the first."""
    return list({name(each): each for each in nodes}.values())


def _text(node: yaml.Node) -> object:
    return node.value if isinstance(node, yaml.ScalarNode) else id(node)


def _target(node: yaml.Node) -> object:
    """Where in the container something is mounted."""
    if isinstance(node, yaml.MappingNode):
        named = entry(node, "target") or entry(node, "source")
        return str(named.value).rstrip("/") if named is not None else id(node)
    if not isinstance(node, yaml.ScalarNode):
        return id(node)
    words = node.value.split(":")
    return (words[1] if len(words) > 1 and words[1].startswith("/") else words[0]).rstrip("/")


def _place(node: yaml.Node) -> str:
    mark = node.start_mark
    return f"{mark.name}:{mark.line + 1}:{mark.column + 1}"
