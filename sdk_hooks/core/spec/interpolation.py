"""What a compose file says elsewhere: variables in its texts, and mappings that are merged in by `<<`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

import yaml

from sdk_hooks.core.spec.kinds import NULL, fail

_NAME = r"[A-Za-z_]\w*"
_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<plain>[A-Za-z_]\w*)"
    r"|\{(?P<name>[A-Za-z_]\w*)(?:(?P<how>:?[-?+])(?P<rest>(?:\$\{[^{}]*\}|[^{}])*))?\})"
)


def interpolate(node: yaml.Node, variables: Mapping[str, str], seen: set[int] | None = None) -> None:
    """Put the values of *variables* into every text below *node*, and what `<<` names into its mappings.

    `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, `${NAME:+instead}`; without the colon an empty
    value counts; `$$` is a dollar sign.

    :param seen: IDs of the nodes that are done: an alias is the same node again.
    :raises SpecError: When one is not set that has to be.
    """
    seen = set() if seen is None else seen
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        node.value = _VARIABLE.sub(partial(_value, node, variables), node.value)
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            interpolate(child, variables, seen)
    elif isinstance(node, yaml.MappingNode):
        _merge(node)
        for _, child in node.value:
            interpolate(child, variables, seen)


def pass_on(node: yaml.Node, variables: Mapping[str, str]) -> None:
    """Give the names in *node*, an `environment:`, that have no value that in *variables*.

    What these have not either is left out.
    """
    if isinstance(node, yaml.ScalarNode):
        return
    kept: list[object] = []
    for each in node.value:
        key, value = each if isinstance(node, yaml.MappingNode) else (each, None)
        name = str(key.value)
        if not re.fullmatch(_NAME, name) or (value is not None and value.tag != NULL):
            kept.append(each)
        elif name in variables:
            text = variables[name] if value is not None else f"{name}={variables[name]}"
            own = yaml.ScalarNode("tag:yaml.org,2002:str", text, key.start_mark, key.end_mark)
            kept.append(own if value is None else (key, own))
    node.value = kept


def _merge(node: yaml.MappingNode) -> None:
    """Flatten `<<`; what the mapping says itself counts."""
    if any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value):
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise fail(key, "a key must be a text")
        try:
            yaml.constructor.SafeConstructor().flatten_mapping(node)
        except yaml.MarkedYAMLError as error:
            raise fail(node, error.problem or "'<<' names no mapping") from error
        node.value = list({key.value: (key, value) for key, value in node.value}.values())


def _value(node: yaml.Node, variables: Mapping[str, str], match: re.Match[str]) -> str:
    if match["escaped"]:
        return "$"
    name, how = match["plain"] or match["name"], match["how"] or ""
    value = variables.get(name)
    there = bool(value) if how.startswith(":") else value is not None
    if there and not how.endswith("+"):
        return value or ""
    if not there and how.endswith("+"):
        return ""
    rest = _VARIABLE.sub(partial(_value, node, variables), match["rest"] or "")
    if how.endswith(("-", "+")):
        return rest
    raise fail(node, f"the variable {name!r} is not set{f': {rest}' if rest else ''}", f"export {name}=...")
