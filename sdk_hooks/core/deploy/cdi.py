"""CDI devices: what the specs on a target say of them, for engines that have to be told in other words."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from sdk_hooks.container import Device, Volume
from sdk_hooks.errors import SdkError
from sdk_hooks.hook import Hook
from sdk_hooks.target import Target


@dataclass(frozen=True)
class Edits:
    """What CDI devices change of a container."""

    devices: tuple[Device, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    volumes: tuple[Volume, ...] = ()
    hooks: tuple[Hook, ...] = ()
    groups: tuple[int, ...] = ()
    others: tuple[str, ...] = ()
    """By name, what nothing but an engine that knows CDI can do."""


@dataclass(frozen=True)
class _Known:
    """A device, and the file that it was found in."""

    path: str
    spec: Mapping[str, Any]
    device: Mapping[str, Any]


def edits(names: Iterable[str], specs: Mapping[str, str], target: Target) -> Edits:
    """What the devices *names* change, and the specs that they are in.

    :param specs: Texts by path; what is found later goes over what is found before, as CDI has it.
    :raises SdkError: When one is not there.
    """
    known, problems = _read(specs)
    parts: list[Any] = []
    for name in names:
        if name not in known:
            raise _unknown(name, known, problems, target)
        found = known[name]
        common = found.spec.get("containerEdits") or {}
        parts += [part for part in (common, found.device["containerEdits"]) if part not in parts]
    try:
        return _joined(parts)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise SdkError(
            f"a CDI spec of {target.name!r} that has {', '.join(names)} is not as CDI wants it",
            detail=f"{type(error).__name__}: {error}",
            hint="generate it again there",
            code="bad-cdi",
        ) from error


def _read(specs: Mapping[str, str]) -> tuple[dict[str, _Known], list[str]]:
    """The devices by qualified name, and what is wrong with files that say nothing."""
    known: dict[str, _Known] = {}
    problems = []
    for path, text in specs.items():
        try:
            spec = json.loads(text) if path.endswith(".json") else yaml.safe_load(text)
            found = {f"{spec['kind']}={device['name']}": device for device in spec["devices"]}
            complete = [device["containerEdits"] for device in spec["devices"]]
        except (KeyError, TypeError, ValueError, yaml.YAMLError) as error:
            problems.append(f"{path}: {' '.join(str(error).split())}")
            continue
        del complete
        known.update({name: _Known(path, spec, device) for name, device in found.items()})
    return known, problems


def _unknown(name: str, known: Iterable[str], problems: Iterable[str], target: Target) -> SdkError:
    there = [f"there is {other}" for other in sorted(known)] or [
        "there are none in /etc/cdi and /var/run/cdi"
    ]
    return SdkError(
        f"no CDI spec of {target.name!r} has the device {name!r}",
        detail="\n".join([*there, *problems]),
        hint="let its vendor's tool generate the spec there; else change devices: in container.yaml",
        code="no-device",
    )


def _joined(parts: Iterable[Mapping[str, Any]]) -> Edits:
    def every(key: str) -> list[Any]:
        return [item for part in parts for item in part.get(key) or ()]

    kinds = {item.get("type") or "bind" for item in every("mounts")} - {"bind", "none"}
    others = [key for key in ("netDevices", "intelRdt") if any(part.get(key) for part in parts)]
    return Edits(
        devices=tuple(dict.fromkeys(map(_device, every("deviceNodes")))),
        env=dict(item.split("=", 1) for item in every("env")),
        volumes=tuple(dict.fromkeys(map(_volume, every("mounts")))),
        hooks=tuple(dict.fromkeys(map(_hook, every("hooks")))),
        groups=tuple(sorted({int(group) for group in every("additionalGids")} - {0})),
        others=(*others, *(f"mounts of the type {kind}" for kind in sorted(kinds))),
    )


def _device(raw: Mapping[str, Any]) -> Device:
    return Device(_absolute(raw.get("hostPath") or raw["path"]), raw["path"], raw.get("permissions") or "rwm")


def _volume(raw: Mapping[str, Any]) -> Volume:
    read_only = "ro" in (raw.get("options") or ())
    return Volume(_absolute(raw["hostPath"]), _absolute(raw["containerPath"]), read_only)


def _hook(raw: Mapping[str, Any]) -> Hook:
    args, env = tuple(raw.get("args") or ()), tuple(raw.get("env") or ())
    return Hook(raw["hookName"], _absolute(raw["path"]), args, env, raw.get("timeout") or 0)


def _absolute(path: str) -> str:
    if not posixpath.isabs(path):
        raise ValueError(f"{path!r} is not an absolute path")
    return path
