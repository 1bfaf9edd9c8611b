"""Directories beside a compose file that hold data: volumes, as the target has none beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import yaml

from sdk_hooks.core.spec.compose_merge import entry, text
from sdk_hooks.core.spec.kinds import fail, pairs

_ENDING = re.compile(r".+\.[a-z]{1,5}")


def name_directories(node: yaml.Node, directory: Path) -> None:
    """Put the name of a volume in the place of each `./PATH` in *node* that compose would make.

    That is one which is not in *directory*, or is an empty directory there. Others have files, and are left.

    :raises SpecError: When two of them would be one, or one is in the other.
    """
    named = entry(node, "volumes")
    taken = {name: "" for name, _ in pairs(named, "volumes")} if isinstance(named, yaml.MappingNode) else {}
    found = [
        (holder, at, path) for holder, at, path, target in _binds(node) if _made(directory, path, target)
    ]
    for holder, at, path in found:
        place = holder.value[at] if isinstance(holder, yaml.SequenceNode) else holder
        name = re.sub(r"[^A-Za-z0-9_]+", "-", str(path)).strip("-_")
        above = next((other for _, _, other in found if other in path.parents), None)
        if above is not None:
            raise fail(place, f"'./{path}' is in './{above}', which is a volume", "mount it as one: volumes:")
        if taken.setdefault(name, str(path)) != str(path) or not name:
            raise fail(place, f"'./{path}' can't be the volume {name!r}", "name a volume instead: NAME:/PATH")
        _put(holder, at, name)


def _binds(node: yaml.Node) -> Iterator[tuple[yaml.Node, int, PurePosixPath, str]]:
    """List and index of each short one, or itself of a long one; its path, and that in the container."""
    services = entry(node, "services")
    seen: set[int] = set()
    for _, service in pairs(services, "services") if isinstance(services, yaml.MappingNode) else ():
        volumes = entry(service, "volumes")
        if not isinstance(volumes, yaml.SequenceNode) or id(volumes) in seen:
            continue
        seen.add(id(volumes))
        for at, each in enumerate(volumes.value):
            source, target = _ends(each)
            if re.fullmatch(r"\.(/.*)?", source) and ".." not in PurePosixPath(source).parts:
                yield (
                    (each if isinstance(each, yaml.MappingNode) else volumes),
                    at,
                    PurePosixPath(source),
                    target,
                )


def _ends(node: yaml.Node) -> tuple[str, str]:
    if isinstance(node, yaml.ScalarNode):
        source, _, rest = node.value.partition(":")
        return source, rest.partition(":")[0]
    ends = (entry(node, "source"), entry(node, "target"))
    said = [str(each.value) for each in ends if isinstance(each, yaml.ScalarNode)]
    if len(said) != len(ends) or entry(node, "type") is None:
        return "", ""
    return said[0], said[1]


def _made(directory: Path, path: PurePosixPath, target: str) -> bool:
    """Whether compose would make an empty directory; what ends like a file on both sides is one forgotten."""
    place = directory / path
    if place.is_dir():
        return not any(place.iterdir())
    forgotten = _ENDING.fullmatch(path.name) and path.suffix == PurePosixPath(target).suffix
    return not place.exists() and not place.is_symlink() and not forgotten


def _put(holder: yaml.Node, at: int, name: str) -> None:
    if isinstance(holder, yaml.SequenceNode):
        own = holder.value[at]
        holder.value[at] = text(name + ":" + own.value.partition(":")[2], own)
        return
    for key, value in holder.value:
        if key.value in ("source", "type"):
            value.value = name if key.value == "source" else "volume"
