"""Server-side apply: who owns which field, what is taken away, and where two want different things."""

import json
import re
from collections.abc import Iterator
from typing import Any

Path = tuple[str, ...]
_KEYS = {
    "containers": ("name",), "env": ("name",), "volumes": ("name",), "volumeMounts": ("mountPath",),
    "imagePullSecrets": ("name",), "topologySpreadConstraints": ("topologyKey",),
}  # fmt: skip
"""Lists whose entries have an identity; a port's is in two fields, by what it is a port of."""
_PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\d+)')
_PORTS = ("containerPort", "port")


class ConflictError(Exception):
    """A field has another owner, and another value."""

    def __init__(self, manager: str, paths: list[Path]) -> None:
        super().__init__(manager, paths)
        self.manager, self.paths = manager, paths


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """All fields of *value* that have no fields of their own, with a path that is a place for ever."""
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from leaves(each, (*path, f".{key}"))
    elif isinstance(value, list) and value and (words := _identity(path, value)):
        for each in value:
            yield from leaves(each, (*path, _entry(each, words)))
    elif path:
        yield path, value


def apply(
    old: dict[str, Any], owners: dict[Path, set[str]], wanted: dict[str, Any], manager: str, *, force: bool
) -> tuple[dict[str, Any], dict[Path, set[str]]]:
    """*old* with what *manager* wants of it, and who owns its fields then.

    :raises ConflictError: When somebody else wants something else, unless it is by force.
    """
    before, new = dict(leaves(old)), dict(leaves(wanted))
    owners = {path: set(who) for path, who in owners.items()}
    for other in sorted({name for who in owners.values() for name in who} - {manager}):
        clash = [p for p, v in new.items() if other in owners.get(p, ()) and before.get(p) != v]
        if clash and not force:
            raise ConflictError(other, clash)
        for path in clash:
            owners[path].discard(other)
    for path in [path for path, who in owners.items() if manager in who and path not in new]:
        owners[path].discard(manager)
        if not owners[path]:
            del owners[path]
            before.pop(path, None)
    for path, value in new.items():
        owners.setdefault(path, set()).add(manager)
        before[path] = value
    return build(before), owners


def changed(old: dict[str, Any], new: dict[str, Any]) -> set[Path]:
    """The fields that differ."""
    before, after = dict(leaves(old)), dict(leaves(new))
    return {path for path, value in after.items() if path not in before or before[path] != value}


def build(found: dict[Path, Any]) -> dict[str, Any]:
    """The object with these fields."""
    top: dict[str, Any] = {}
    for path, value in found.items():
        place: Any = top
        for word, following in zip(path, (*path[1:], ""), strict=True):
            place = _step(place, word, following, value)
    return top


def _step(place: Any, word: str, following: str, value: Any) -> Any:
    """What is at *word* below *place*, made when it is not there."""
    fresh: Any = value if not following else [] if following.startswith("[") else {}
    if isinstance(place, dict):
        return place.setdefault(word[1:], fresh)
    keys = {key: json.loads(text) for key, text in _PAIR.findall(word)}
    found = next((each for each in place if keys.items() <= each.items()), None)
    if found is None:
        place.append(found := keys)
    return found


def _entry(value: dict[str, Any], words: tuple[str, ...]) -> str:
    return "[{}]".format(",".join(f"{key}={json.dumps(value[key])}" for key in words))


def _identity(path: Path, value: list[Any]) -> tuple[str, ...]:
    name = path[-1][1:] if path else ""
    if name in _KEYS:
        return _KEYS[name]
    if name != "ports" or not isinstance(value[0], dict):
        return ()
    return next(((key, "protocol") for key in _PORTS if all(key in each for each in value)), ())
