"""What a compose file says elsewhere: variables in its texts, and mappings that are merged in by `<<`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

import yaml

from sdk_hooks.core.spec.kinds import NULL, fail

_NAME = r"[A-Za-z_]\w*"
_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<plain>[A-Za-z_]\w*)"
    r"|\{(?P<name>[A-Za-z_]\w*)(?:(?P<how>:?[-?+])(?P<rest>(?:\$\{[^{}]*\}|[^{}])*))?\})"
)


_BLANK = ("environment", "labels", "annotations", "container_name")
"""Keys below which nothing goes wrong where a variable is empty, or only what its program says itself."""


def interpolate(
    node: yaml.Node, variables: Mapping[str, str], tell: Callable[[str, yaml.Node], None] | None = None
) -> None:
    """Put the values of *variables* into every text below *node*, and what `<<` names into its mappings.

    `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, `${NAME:+instead}`; without the colon an empty
    value counts; `$$` is a dollar sign.

    :param tell: Told of the names of those that are not set, and where, that are taken as empty: as compose
        does, but only in variables of the container, where half a text is no other path or image.
    :raises SpecError: When another one is not set.
    """
    _Interpolation(variables, tell or (lambda _name, _node: None)).into(node, blank=False)


def expand(text: str, variables: Mapping[str, str], missing: Callable[[str, str | None], str]) -> str:
    """*text* with the values of *variables* in it.

    :param missing: Gives the value of one that is not set and must be, by its name and the message of
        `${NAME:?message}`, which is None for `$NAME`; or raises.
    """

    def value(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        name, how = match["plain"] or match["name"], match["how"] or ""
        value = variables.get(name)
        there = bool(value) if how.startswith(":") else value is not None
        if there and not how.endswith("+"):
            return value or ""
        if not there and how.endswith("+"):
            return ""
        rest = expand(match["rest"] or "", variables, missing)
        return rest if how.endswith(("-", "+")) else missing(name, rest if how else None)

    return _VARIABLE.sub(value, text)


class _Interpolation:
    """What is put into one file."""

    def __init__(self, variables: Mapping[str, str], tell: Callable[[str, yaml.Node], None]) -> None:
        self.variables, self.tell = variables, tell
        self.seen: set[int] = set()
        """IDs of the nodes that are done: an alias is the same node again."""

    def into(self, node: yaml.Node, *, blank: bool) -> None:
        if id(node) in self.seen:
            return
        self.seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            node.value = expand(node.value, self.variables, partial(self.missing, node, blank))
        elif isinstance(node, yaml.SequenceNode):
            for child in node.value:
                self.into(child, blank=blank)
        elif isinstance(node, yaml.MappingNode):
            _merge(node)
            for key, child in node.value:
                self.into(child, blank=blank or key.value in _BLANK)

    def missing(self, node: yaml.Node, blank: bool, name: str, why: str | None) -> str:
        if why is None and blank:
            self.tell(name, node)
            return ""
        more = f": {why}" if why else ""
        raise fail(node, f"the variable {name!r} is not set{more}", f"export {name}=...")


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
