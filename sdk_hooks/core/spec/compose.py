"""Reads a compose file: what of that specification makes sense on a board; the rest is refused by name."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from sdk_hooks.container import Network, Volume
from sdk_hooks.core.deploy.parts import COMPLETED, HEALTHY, STARTED, Need
from sdk_hooks.core.spec import dotenv, kinds, texts, values
from sdk_hooks.core.spec.application import (
    CONFIG,
    FILE,
    MOUNTED,
    Application,
    Entry,
    Mounted,
    Source,
    checked,
    lasting,
)
from sdk_hooks.core.spec.compose_hints import hint
from sdk_hooks.core.spec.compose_keys import checked_keys, empty, listed, named, sequence
from sdk_hooks.core.spec.compose_merge import entry
from sdk_hooks.core.spec.compose_networks import network, own
from sdk_hooks.core.spec.compose_values import KEYS, own_volume
from sdk_hooks.core.spec.interpolation import pass_on
from sdk_hooks.core.spec.kinds import Text, fail, pairs
from sdk_hooks.core.spec.model import SPEC, Spec
from sdk_hooks.core.spec.network import PART
from sdk_hooks.limits import Resources
from sdk_hooks.tmpfs import Tmpfs

_CONDITIONS = {
    "service_started": STARTED,
    "service_healthy": HEALTHY,
    "service_completed_successfully": COMPLETED,
}


_LOGS = ("json-file", "local", "journald")


def read(node: yaml.Node, variables: Mapping[str, str], directory: Path) -> Application:
    """The application in the compose file whose root is *node*.

    Services with `profiles:` are left out unless COMPOSE_PROFILES names one of these, as compose does.

    :param variables: Those that it passes on by name; what `${NAME}` means is filled in.
    :param directory: Where it is: files of variables are named relative to that.
    :raises SpecError: With the place of what is wrong, or can't be done.
    """
    found = checked_keys(node, "", {"name", "services", "networks", "volumes", "secrets", "configs"})
    networks = {name: network(name, each) for name, each in named(found, "networks")}
    for name, volume in named(found, "volumes"):
        _local(name, volume)
    secrets = {name: _secret(name, each) for name, each in named(found, "secrets")}
    configs = {name: _config(name, each) for name, each in named(found, "configs")}
    active = set(re.split(r"[,\s]+", variables.get("COMPOSE_PROFILES", "")))
    nodes = {name: each for name, each in named(found, "services") if _is_active(name, each, active)}
    services = {name: _service(name, each, variables, directory, nodes) for name, each in nodes.items()}
    if not services:
        raise fail(node, "the file has no 'services'")
    for key, names, pattern in (
        ("services", services, PART),
        ("networks", networks, PART),
        ("secrets", secrets, FILE),
        ("configs", configs, FILE),
    ):
        for name in names:
            if not re.fullmatch(pattern, name):
                raise fail(found[key], f"{key!r}: {name!r} can't be a name here")
    title = SPEC.keys["name"].read(found["name"], "name") if "name" in found else ""
    networks.setdefault("default", Network("default"))
    try:
        return checked(Application(lasting(services), title, networks, secrets, configs))
    except ValueError as error:
        raise fail(node, str(error)) from error


def _is_active(name: str, node: yaml.Node, active: set[str]) -> bool:
    """Whether a service has no profile, or an active one."""
    found = dict(pairs(node, f"services.{name}")) if isinstance(node, yaml.MappingNode) else {}
    profiles = {
        str(Text("a name").read(each, f"services.{name}.profiles"))
        for each in sequence(found, "profiles", f"services.{name}")
    }
    return not profiles or "*" in active or bool(profiles & active)


def _local(name: str, volume: yaml.Node) -> None:
    """Refuse a volume that is not of the stack's own kind."""
    found = checked_keys(volume, f"volumes.{name}", {"driver", "name", "external"})
    own(found, f"volumes.{name}")
    driver = found.get("driver")
    if driver is not None:
        kinds.choice("a driver", "local").read(driver, f"volumes.{name}.driver")


def _service(
    name: str, node: yaml.Node, variables: Mapping[str, str], directory: Path, services: Collection[str]
) -> Entry:
    key = f"services.{name}"
    more = {"image", "build", "deploy", "networks", "depends_on", "links", "secrets", "configs", "env_file"}
    found = checked_keys(node, key, {*KEYS, *more, "logging"})
    _logging(found.get("logging"), f"{key}.logging")
    said = _said(found, key, variables)
    files = _env_files(found["env_file"], key, directory, variables) if "env_file" in found else {}
    if files:
        said["env"] = {**files, **said.get("env", {})}
    if "image" not in found and "build" not in found:
        raise fail(node, f"{key!r} has no 'image'", "name one that container-build has built")
    # compose's defaults, not ours and not the image's
    lasts = "restart" not in said  # a service goes on: there it is what the service does, and no Job
    said.setdefault("restart", values.restart("no"))
    said.setdefault("ports", ())
    joins = listed(found, "networks", key)
    for word, settings in joins:
        if settings is not None:
            checked_keys(settings, f"{key}.networks.{word}", set())
    joined = tuple(word for word, _ in joins) or ("default",)
    if "volumes" in said:
        said["tmpfs"] = (*said.get("tmpfs", ()), *(v for v in said["volumes"] if isinstance(v, Tmpfs)))
        said["volumes"] = tuple(own_volume(v, name) for v in said["volumes"] if isinstance(v, Volume))
    if "shm" in said:
        said["tmpfs"] = (*said.get("tmpfs", ()), said.pop("shm"))
    return Entry(
        # build: is for docker: here container-build has built it, under the name of the service
        Text("an image").read(found["image"], f"{key}.image") if "image" in found else name,
        Spec(**said),
        _needs(found, key, services),
        () if said.get("network") else joined,
        tuple(_secret_name(each, key) for each in sequence(found, "secrets", key)),
        tuple(_mounted(each, f"{key}.configs") for each in sequence(found, "configs", key)),
        lasts,
    )


def _logging(node: yaml.Node | None, key: str) -> None:
    """Refuse logs that go elsewhere than to who asks the stack, which says itself how much it keeps."""
    driver = entry(node, "driver") if node is not None else None
    if driver is not None and driver.value not in _LOGS:
        raise fail(driver, f"'{key}.driver': logs are asked for on the target", hint(key))


def _said(found: Mapping[str, yaml.Node], key: str, variables: Mapping[str, str]) -> dict[str, Any]:
    """What a service says of its container; a key without a value says nothing."""
    said: dict[str, Any] = {}
    if "environment" in found:
        pass_on(found["environment"], variables)
    for word, value in found.items():
        if word in KEYS and not empty(value):
            target, kind = KEYS[word]
            said[target] = kind.read(value, f"{key}.{word}")
    if "ports" in said:
        said["ports"] = tuple(port for each in said["ports"] for port in each)
    limits = said.pop("limits", {})
    limits.update({word: said.pop(word) for word in ("memory", "cpus", "pids") if word in said})
    return {**said, "resources": Resources(**limits)} if limits else said


def _env_files(node: yaml.Node, key: str, directory: Path, known: Mapping[str, str]) -> dict[str, str]:
    """The variables of the files of `env_file:`, the last of which counts."""
    where, found = f"{key}.env_file", dict[str, str]()
    for each in node.value if isinstance(node, yaml.SequenceNode) else [node]:
        said = checked_keys(each, where, {"path", "required"}) if isinstance(each, yaml.MappingNode) else {}
        name = Text("a path").read(said.get("path", each), where)
        needed = "required" not in said or Text("true or false", texts.boolean).read(said["required"], where)
        path = directory / name
        if path.is_file():
            found.update(dotenv.read(path, {**found, **known}))
        elif needed:
            raise fail(each, f"{where!r}: there is no file '{path}'")
    return found


def _needs(found: Mapping[str, yaml.Node], key: str, services: Collection[str]) -> tuple[Need, ...]:
    """Of `depends_on:`, and of `links:`, by which services of old found each other."""
    needs = [_need(word, value, key, services) for word, value in listed(found, "depends_on", key)]
    named = {need.part for need in needs if need}
    for node in sequence(found, "links", key):
        name, _, alias = Text("a service").read(node, f"{key}.links").partition(":")
        if alias not in ("", name):
            raise fail(
                node, f"'{key}.links': {name!r} has no other name here", f"use {name!r} instead of {alias!r}"
            )
        needs += [] if name in named else [Need(name, STARTED)]
    return tuple(filter(None, needs))


def _need(name: str, node: yaml.Node | None, key: str, services: Collection[str]) -> Need | None:
    """None for one that is not there, and may be left out. All are restarted as one: `restart:` says so."""
    if node is None:
        return Need(name, STARTED)
    where = f"{key}.depends_on.{name}"
    keys = checked_keys(node, where, {"condition", "required", "restart"})
    boolean = Text("true or false", texts.boolean)
    flags = {
        word: boolean.read(keys[word], f"{where}.{word}") for word in ("required", "restart") if word in keys
    }
    if name not in services and not flags.get("required", True):
        return None
    said = keys.get("condition")
    if said is None:
        return Need(name, STARTED)
    word = kinds.choice("a condition", *_CONDITIONS).read(said, f"{key}.depends_on.{name}.condition")
    return Need(name, _CONDITIONS[word])


def _secret_name(node: yaml.Node, key: str) -> str:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    found = checked_keys(node, f"{key}.secrets", {"source"})
    return str(found["source"].value) if "source" in found else ""


def _secret(name: str, node: yaml.Node) -> str:
    found = checked_keys(node, f"secrets.{name}", {"file"})
    if "file" not in found:
        raise fail(node, f"'secrets.{name}' has no 'file'")
    return str(Text("a path").read(found["file"], f"secrets.{name}.file"))


def _mounted(node: yaml.Node, key: str) -> Mounted:
    if isinstance(node, yaml.MappingNode):
        checked_keys(node, key, {"source", "target"})
    found: Mounted = MOUNTED.read(node, key)
    return found


def _config(name: str, node: yaml.Node) -> Source:
    checked_keys(node, f"configs.{name}", {"file", "content"})
    found: Source = CONFIG.read(node, f"configs.{name}")
    return found
