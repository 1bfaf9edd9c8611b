"""Files beside a compose file that its services read: configs, which go along with the deployment."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import yaml

from sdk_hooks.core.spec.compose_merge import MAP, SEQUENCE, entry, put, text
from sdk_hooks.core.spec.kinds import fail, pairs

_SETTINGS = (".conf", ".config", ".cfg", ".cnf", ".ini", ".properties", ".toml", ".xml", ".sql")
"""Endings of files that no program writes to; many write to YAML and JSON."""
_SCRIPTS = "/docker-entrypoint"
"""Directories of images whose start reads what is there, whether it is executable or not."""
_LARGEST = 1 << 20
"""Bytes; a script has them, four for one."""
_KEY = b"PRIVATE KEY-----"


class _Bind(NamedTuple):
    """A path beside the file, and where a container sees it."""

    node: yaml.Node
    path: PurePosixPath
    target: str
    read_only: bool


def with_files(node: yaml.Node, directory: Path, tell: Callable[[str], None]) -> yaml.Node:
    """*node* with a config in the place of each file of *directory* that a service mounts only to read.

    That is one that is mounted read-only, or is plainly one of settings, of which *tell* is told.

    :raises SpecError: When it can't be one.
    """
    services, configs = entry(node, "services"), entry(node, "configs")
    if not isinstance(services, yaml.MappingNode):
        return node
    made = dict(pairs(configs, "configs")) if isinstance(configs, yaml.MappingNode) else {}
    known, changed = dict(made), []
    for name, service in services.value:
        found = _files(service, directory, tell)
        changed.append((name, _with_configs(service, found, made) if found else service))
    if made == known:
        return node
    start = services.start_mark
    node = put(node, "services", yaml.MappingNode(services.tag, changed, start, services.end_mark))
    listed = [(text(name, value), value) for name, value in made.items()]
    return put(node, "configs", yaml.MappingNode(MAP, listed, start, services.end_mark))


def _files(service: yaml.Node, directory: Path, tell: Callable[[str], None]) -> list[_Bind]:
    """Those of a service that are to go along."""
    volumes = entry(service, "volumes")
    found = []
    for each in volumes.value if isinstance(volumes, yaml.SequenceNode) else ():
        bind = _bind(each)
        if bind and (directory / bind.path).is_file():
            _check(bind, directory / bind.path)
            found.append(bind)
            if not bind.read_only:
                tell(f"{_place(each)}: './{bind.path}' goes along as it is now, and can only be read there")
    return found


def _bind(node: yaml.Node) -> _Bind | None:
    """None for what is no path beside the file."""
    if isinstance(node, yaml.ScalarNode):
        source, _, rest = node.value.partition(":")
        target, _, options = rest.partition(":")
        read_only = "ro" in options.split(",")
    else:
        said = {key: entry(node, key) for key in ("source", "target", "read_only")}
        source, target, read = (str(each.value) if each is not None else "" for each in said.values())
        read_only = read == "true"
    path = PurePosixPath(source)
    beside = re.fullmatch(r"\.[^.].*", source) and ".." not in path.parts and target.startswith("/")
    return _Bind(node, path, target, read_only) if beside else None


def _check(bind: _Bind, file: Path) -> None:
    """
    :raises SpecError: When it is no file that may go along.
    """
    settings, scripts = bind.path.suffix in _SETTINGS, bind.target.startswith(_SCRIPTS)
    size, mode = file.stat().st_size, file.stat().st_mode
    said = f"'./{bind.path}'"
    if not (bind.read_only or scripts or settings):
        what = f"{said} is a file of this machine, which a program may want to write to"
        hint = f"does it only read it? ./{bind.path}:{bind.target}:ro goes along; else mount a volume"
    elif size > _LARGEST:
        what, hint = f"{said} has {size} bytes, which is much to go along", "put it into the image: files:"
    elif mode & 0o111 and not (scripts or settings):
        what, hint = f"{said} is a program, which does not go along", "put it into the image: files:"
    elif _KEY in file.read_bytes():
        what, hint = f"{said} has a private key, which others could see", "name it below secrets:"
    else:
        return
    raise fail(bind.node, what, hint)


def _with_configs(service: yaml.Node, found: list[_Bind], configs: dict[str, yaml.Node]) -> yaml.Node:
    """*service* with them among its configs, which are added to *configs*, and not among its volumes."""
    gone = {id(each.node) for each in found}
    volumes, own = entry(service, "volumes"), entry(service, "configs")
    assert volumes is not None  # noqa: S101  they are out of it
    kept = [each for each in volumes.value if id(each) not in gone]
    listed = list(own.value) if isinstance(own, yaml.SequenceNode) else []
    for each in found:
        name = re.sub(r"[^\w.-]+", "-", str(each.path), flags=re.ASCII).strip("-.")
        file = text(f"./{each.path}", each.node)
        there = entry(configs.setdefault(name, _map(each.node, file=file)), "file")
        if there is None or PurePosixPath(there.value) != each.path:
            raise fail(each.node, f"'./{each.path}' can't be the config {name!r}", "name it below configs:")
        listed.append(_map(each.node, source=text(name, each.node), target=text(each.target, each.node)))
    start, end = volumes.start_mark, volumes.end_mark
    service = put(service, "volumes", yaml.SequenceNode(SEQUENCE, kept, start, end) if kept else None)
    return put(service, "configs", yaml.SequenceNode(SEQUENCE, listed, start, end))


def _map(place: yaml.Node, **values: yaml.Node) -> yaml.MappingNode:
    made = [(text(key, place), value) for key, value in values.items()]
    return yaml.MappingNode(MAP, made, place.start_mark, place.end_mark)


def _place(node: yaml.Node) -> str:
    return f"{node.start_mark.name}:{node.start_mark.line + 1}"
