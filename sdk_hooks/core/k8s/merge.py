"""A three-way merge of trees: what a person changed and what we changed are both kept, or refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

MISSING: Any = object()
"""For a field that is not there."""
_KEYS = ("mountPath", "name", "containerPort", "port", "key", "path")
"""Fields by which Kubernetes tells the items of a list apart, the sharpest first."""
_SETS = ("resources",)
"""Lists of texts whose order says nothing much."""


class Clash(NamedTuple):
    """A field that both sides changed, each in its own way."""

    field: str
    before: Any
    theirs: Any
    ours: Any


def merge(before: Any, theirs: Any, ours: Any) -> tuple[Any, list[Clash]]:
    """*theirs* with what changed from *before* to *ours*.

    :returns: It, in the order of *theirs*; and what both changed, where it is as in *theirs*.
    """
    clashes: list[Clash] = []
    return _merge("", before, theirs, ours, clashes), clashes


def same(one: Any, other: Any) -> bool:
    """Whether they are the same for Kubernetes: the order of fields says nothing, 1 is not true."""
    if one is MISSING or other is MISSING:
        return one is other
    return _canonical(one) == _canonical(other)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _merge(field: str, before: Any, theirs: Any, ours: Any, clashes: list[Clash]) -> Any:
    if same(before, ours) or same(theirs, ours):
        return theirs
    if same(before, theirs):
        return ours
    if isinstance(theirs, dict) and isinstance(ours, dict):
        old = before if isinstance(before, dict) else {}
        return _by_key(old, theirs, ours, lambda key: f"{field}.{key}".lstrip("."), clashes)
    if isinstance(theirs, list) and isinstance(ours, list):
        old_list = before if isinstance(before, list) else []
        key = _key_of(field, (old_list, theirs, ours))
        if key is not None:
            old, mine, other = ({key(item): item for item in each} for each in (old_list, theirs, ours))
            return [*_by_key(old, mine, other, lambda name: f"{field}[{name}]", clashes).values()]
    clashes.append(Clash(field or "all of it", before, theirs, ours))
    return theirs


def _by_key(
    before: Mapping[Any, Any],
    theirs: Mapping[Any, Any],
    ours: Mapping[Any, Any],
    name: Callable[[Any], str],
    clashes: list[Clash],
) -> dict[Any, Any]:
    found = {}
    for key in {**theirs, **ours}:
        old, mine, other = (each.get(key, MISSING) for each in (before, theirs, ours))
        value = _merge(name(key), old, mine, other, clashes)
        if value is not MISSING:
            found[key] = value
    return found


def _key_of(field: str, lists: Iterable[Sequence[Any]]) -> Callable[[Any], Any] | None:
    """Gives what tells the items of all of *lists* apart; None when nothing does."""
    items = [item for each in lists for item in each]
    if all(isinstance(item, str) for item in items):
        return (lambda item: item) if field.rpartition(".")[2] in _SETS else None
    for key in _KEYS:
        if all(isinstance(item, dict) and isinstance(item.get(key), str | int) for item in items) and all(
            len({item[key] for item in each}) == len(each) for each in lists
        ):
            return itemgetter(key)
    return None
