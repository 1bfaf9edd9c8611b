"""YAML as Kubernetes reads it: objects become text that people like to read, and text becomes objects."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

from sdk_hooks.core.k8s.app import Manifest
from sdk_hooks.errors import SdkError

_READ_OTHERWISE = (
    r"[yYnN]",
    r"0o?[0-7]+",
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?",
    r"[-+]?0[xXbB][0-9a-fA-F_]+",
)
"""Texts that are no texts for one reader of YAML or another."""
_FOREIGN = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value", "tag:yaml.org,2002:int")
"""What Kubernetes, whose objects are JSON, does not know, or reads otherwise than PyYAML: 12:30 is a text."""


class _Dumper(yaml.SafeDumper):
    """Block style, texts of several lines as they are."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  PyYAML's signature
        return True


class Loader(yaml.SafeLoader):
    """Reads what Kubernetes does."""

    yaml_implicit_resolvers = {  # noqa: RUF012  PyYAML's own
        first: [each for each in listed if each[0] not in _FOREIGN]
        for first, listed in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
for _pattern in _READ_OTHERWISE:
    _Dumper.add_implicit_resolver("!otherwise", re.compile(f"^(?:{_pattern})$"), None)
_INT = re.compile(r"^[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|0|[1-9][0-9_]*)$")
Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INT, [*"-+0123456789"])


def dump(value: Any) -> str:
    """*value* as a YAML document: block style, in its own order."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=1 << 20
    )
    return text


def file_name(manifest: Manifest) -> str:
    """What the file of *manifest* is called: the same for each version of it."""
    name, kind = manifest["metadata"]["name"], manifest["kind"]
    if kind == "Job":
        name = plain_name(name)
    return f"{kind.lower()}-{name}.yaml"


def plain_name(job: str) -> str:
    """The name of a Job without the digest by which each version of it has its own."""
    return re.sub(r"-[0-9a-f]{8}$", "", job)


def documents(text: str, name: str) -> list[Any]:
    """The documents of *text* that have anything in them.

    :param name: Of the file, for errors.
    :raises SdkError: With file, line and column of what is wrong.
    """
    return [value for value, _ in _read(text, name) if value is not None]


def nodes(text: str, name: str) -> list[tuple[Any, yaml.Node]]:
    """The documents of *text* that have anything in them, each with the nodes that know its place.

    :param name: Of the file, for errors.
    :raises SdkError: With file, line and column of what is wrong.
    """
    return [each for each in _read(text, name) if each[0] is not None]


def _read(text: str, name: str) -> Iterable[tuple[Any, yaml.Node]]:
    try:
        loader = Loader(text)
        loader.name = name
        try:
            while loader.check_node():
                node = loader.get_node()
                assert node is not None  # noqa: S101  there is one
                yield loader.construct_document(node), node
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise _bad(f"{place}: {error.problem or 'not valid YAML'}") from error
    except RecursionError as error:
        raise _bad(f"{name}: it is nested too deeply") from error
    except (yaml.YAMLError, ValueError) as error:
        raise _bad(f"{name}: {str(error).splitlines()[0]}") from error


def _bad(what: str) -> SdkError:
    return SdkError(what, hint="correct it there", code="bad-yaml")
