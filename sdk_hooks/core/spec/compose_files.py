"""Finds what a compose file says in other files: overrides beside it, `include:`, `extends:`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from sdk_hooks.core.spec import dotenv
from sdk_hooks.core.spec.compose_merge import entry, merged, put, without_resets
from sdk_hooks.core.spec.document import document
from sdk_hooks.core.spec.interpolation import interpolate
from sdk_hooks.core.spec.kinds import SpecError, Text, fail, pairs

_STEMS = ("compose", "docker-compose")
_PARTS = ("services", "networks", "volumes", "secrets", "configs")


@dataclass(frozen=True)
class _Place:
    """Where files are read from."""

    top: Path
    """The directory of the application's file, which paths are made relative to."""
    directory: Path
    """The one that paths in the file are relative to."""
    variables: Mapping[str, str]
    tell: Callable[[str], None]
    """Told of what is not as compose has it."""
    files: tuple[Path, ...] = ()
    """Those that are being read."""
    unset: set[str] = field(default_factory=set)
    """Variables that are taken as empty."""

    def blank(self, name: str, node: yaml.Node) -> None:
        """The variable *name* is not set: say so, once."""
        if name not in self.unset:
            mark = node.start_mark
            self.tell(f"{mark.name}:{mark.line + 1}: the variable {name!r} is not set: it is taken as empty")
        self.unset.add(name)


def variables(path: Path) -> dict[str, str]:
    """What `${NAME}` means in the compose file at *path*: of the environment, else of `.env` beside it."""
    beside = path.parent / ".env"
    return {**(dotenv.read(beside, os.environ) if beside.is_file() else {}), **os.environ}


def whole(path: Path, known: Mapping[str, str], tell: Callable[[str], None]) -> yaml.Node:
    """The compose file at *path* with all that it says elsewhere in it, *known* variables filled in.

    When COMPOSE_FILE names several files of which *path* is the first, all of them. Without it, beside
    `compose.yaml` and its other usual names, `compose.override.yaml`, as compose does.

    :param tell: Told of what is not as it may have been meant.
    :raises SpecError: With the place of what is wrong.
    """
    place = _Place(path.parent, path.parent, known, tell)
    try:
        return _several([path, *_overrides(path, known)], place)
    except RecursionError as error:
        raise SpecError(f"{path}: it is nested too deeply") from error


def _overrides(path: Path, known: Mapping[str, str]) -> list[Path]:
    said = known.get("COMPOSE_FILE", "")
    if said:
        separator = known.get("COMPOSE_PATH_SEPARATOR") or os.pathsep
        named = [path.parent / each for each in said.split(separator) if each]
        return named[1:] if named and named[0].absolute() == path.absolute() else []
    if path.stem not in _STEMS:
        return []
    beside = [path.with_name(f"{path.stem}.override{ending}") for ending in (".yaml", ".yml")]
    return [each for each in beside if each.is_file()][:1]


def _several(paths: list[Path], place: _Place) -> yaml.Node:
    found = _file(paths[0], place)
    for path in paths[1:]:
        found = merged(found, _file(path, place))
    return without_resets(found)


def _file(path: Path, place: _Place) -> yaml.Node:
    """One file, with what it extends and includes."""
    here = replace(place, files=(*place.files, path.resolve()))
    node = _read(path, place)
    services = entry(node, "services")
    if isinstance(services, yaml.MappingNode):
        made = [(name, _extended(name.value, services, here, ())) for name, _ in services.value]
        node = put(node, "services", yaml.MappingNode(
            services.tag, made, services.start_mark, services.end_mark
        ))  # fmt: skip
    included = entry(node, "include")
    if included is None:
        return node
    node = put(node, "include", None)
    if not isinstance(included, yaml.SequenceNode):
        raise fail(included, "'include' wants a list")
    for each in included.value:
        node = _with(node, _included(each, here), each)
    return node


def _read(path: Path, place: _Place) -> yaml.Node:
    node = document(path)
    if not isinstance(node, yaml.MappingNode):
        return yaml.MappingNode("", [], *_marks(node, path))
    interpolate(node, place.variables, place.blank)
    pairs(node, "")
    return node if place.directory == place.top else _moved(node, place)


def _marks(node: yaml.Node | None, path: Path) -> tuple[yaml.Mark, yaml.Mark]:
    mark = yaml.Mark(str(path), 0, 0, 0, None, 0)
    if node is not None and not (isinstance(node, yaml.ScalarNode) and not node.value):
        raise fail(node, "the file wants keys and values")
    return mark, mark


def _extended(name: str, services: yaml.Node, place: _Place, seen: tuple[str, ...]) -> yaml.Node:
    """The service *name* with what it has from the one that it extends."""
    own = dict(pairs(services, "services"))[name]
    said = entry(own, "extends")
    if said is None:
        return own
    key = f"services.{name}.extends"
    if name in seen:
        raise fail(said, f"{key!r}: {' extends '.join((*seen, name))}")
    file, other = _extends(said, key)
    if file is None:
        base = _base(other, services, said, key, place, (*seen, name))
    else:
        path = place.directory / str(file.value)
        there = replace(place, directory=path.parent, files=(*place.files, path.resolve()))
        if path.resolve() in place.files[1:] or not path.is_file():
            why = "it is being read" if path.is_file() else "there is no such file"
            raise fail(file, f"{key!r}: '{path}': {why}")
        found = entry(_read(path, there), "services")
        if found is None:
            raise fail(file, f"{key!r}: '{path}' has no 'services'")
        base = _base(other, found, said, key, there, ())
    return put(merged(base, own, f"services.{name}"), "extends", None)


def _extends(said: yaml.Node, key: str) -> tuple[yaml.Node | None, str]:
    """File, if one is named, and service."""
    if not isinstance(said, yaml.MappingNode):
        return None, str(Text("a service's name").read(said, key))
    service, file = entry(said, "service"), entry(said, "file")
    if service is None:
        raise fail(said, f"{key!r} has no 'service'")
    if file is not None:
        Text("a path").read(file, f"{key}.file")
    return file, str(Text("a service's name").read(service, f"{key}.service"))


def _base(
    name: str, services: yaml.Node, said: yaml.Node, key: str, place: _Place, seen: tuple[str, ...]
) -> yaml.Node:
    there = [each for each, _ in pairs(services, "services")]
    if name not in there:
        raise fail(said, f"{key!r} names {name!r}, there is: {', '.join(there) or 'none'}")
    return _extended(name, services, place, seen)


def _included(node: yaml.Node, place: _Place) -> yaml.Node:
    """What an entry of `include:` names: a file, or several of which the later ones count."""
    named = entry(node, "path") if isinstance(node, yaml.MappingNode) else node
    if named is None:
        raise fail(node, "'include' has no 'path'")
    for name, value in pairs(node, "include") if isinstance(node, yaml.MappingNode) else ():
        if name not in ("path", "project_directory", "env_file"):
            raise fail(value, f"'include.{name}' of compose files is not supported")
    nodes = named.value if isinstance(named, yaml.SequenceNode) else [named]
    paths = [place.directory / Text("a path").read(each, "include") for each in nodes]
    for path, each in zip(paths, nodes, strict=True):
        if not path.is_file():
            raise fail(each, f"'include': there is no file '{path}'", "files of other machines: fetch them")
        if path.resolve() in place.files:
            raise fail(each, f"'include': '{path}' includes itself")
    if not paths:
        raise fail(node, "'include' has no 'path'")
    directory = entry(node, "project_directory")
    where = place.directory / str(directory.value) if directory is not None else paths[0].parent
    known = {**_variables(entry(node, "env_file"), where, place), **place.variables}
    return _several(paths, replace(place, directory=where, variables=known))


def _variables(node: yaml.Node | None, where: Path, place: _Place) -> dict[str, str]:
    if node is None:
        beside = where / ".env"
        return dotenv.read(beside, place.variables) if beside.is_file() else {}
    found: dict[str, str] = {}
    for each in node.value if isinstance(node, yaml.SequenceNode) else [node]:
        file = place.directory / Text("a path").read(each, "include.env_file")
        found.update(dotenv.read(file, {**found, **place.variables}))
    return found


def _with(node: yaml.Node, other: yaml.Node, place: yaml.Node) -> yaml.Node:
    """*node* and the parts of *other*; nothing is said twice."""
    for part in _PARTS:
        more, own = entry(other, part), entry(node, part)
        if not isinstance(more, yaml.MappingNode):
            continue
        if not isinstance(own, yaml.MappingNode):
            node = put(node, part, more)
            continue
        there = {name.value for name, _ in own.value}
        twice = next((name.value for name, _ in more.value if name.value in there), None)
        if twice is not None:
            raise fail(place, f"'include': '{part}.{twice}' is here as well", "use extends: to change it")
        node = put(node, part, merged(own, more, part))
    return node


def _moved(node: yaml.Node, place: _Place) -> yaml.Node:
    """*node* with the paths in it relative to the application's own file."""
    prefix = os.path.relpath(place.directory, place.top)
    # an anchor's node is met several times
    for each in {id(each): each for each in _paths(node) if isinstance(each, yaml.ScalarNode)}.values():
        if not each.value.startswith(("/", "~")):
            each.value = f"{prefix}/{each.value}"
    for each in {id(each): each for each in _sources(node) if isinstance(each, yaml.ScalarNode)}.values():
        if each.value.startswith("."):
            each.value = f"./{prefix}/{each.value}"
    return node


def _paths(node: yaml.Node) -> Iterator[yaml.Node | None]:
    for part in ("secrets", "configs"):
        for _, each in _members(node, part):
            yield entry(each, "file")
    for _, service in _members(node, "services"):
        files = entry(service, "env_file")
        for each in files.value if isinstance(files, yaml.SequenceNode) else [files]:
            yield entry(each, "path") if isinstance(each, yaml.MappingNode) else each


def _sources(node: yaml.Node) -> Iterator[yaml.Node | None]:
    for _, service in _members(node, "services"):
        volumes = entry(service, "volumes")
        for each in volumes.value if isinstance(volumes, yaml.SequenceNode) else ():
            yield entry(each, "source") if isinstance(each, yaml.MappingNode) else each


def _members(node: yaml.Node, part: str) -> list[tuple[str, yaml.Node]]:
    found = entry(node, part)
    return pairs(found, part) if isinstance(found, yaml.MappingNode) else []
