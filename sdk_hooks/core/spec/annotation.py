"""Settings as the text of an annotation of the image, by which they travel to whoever runs it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from sdk_hooks.container import Device, DeviceMatch, HealthCheck, Network, Port, Restart, Settings, Volume
from sdk_hooks.hook import Hook
from sdk_hooks.kubernetes import Kubernetes
from sdk_hooks.limits import Resources, Ulimit
from sdk_hooks.tmpfs import Tmpfs

_LATER = (
    "devices", "ulimits", "networks", "hostname", "hooks", "entrypoint", "cmd", "kubernetes", "user",
    "workdir", "stop_signal", "cap_add", "cap_drop", "tmpfs", "extra_hosts",
    "dns", "dns_search", "dns_opt", "sysctls", "group_add", "security_opt", "privileged", "pid", "ipc",
)  # fmt: skip
_SCALARS = (
    "network", "hostname", "user", "workdir", "stop_signal", "read_only", "stop_timeout", "sysctls",
    "privileged", "pid", "ipc",
)  # fmt: skip
_WORDS = ("cap_add", "cap_drop", "dns", "dns_search", "dns_opt", "group_add", "security_opt")


def settings_to_json(settings: Settings) -> str:
    """*settings* as the text of an annotation.

    Keys that came later than the first version are left out while they are empty: the digest stays.
    """
    raw = {key: value for key, value in asdict(settings).items() if value or key not in _LATER}
    for network in raw.get("networks", ()):
        if not network["external"]:
            del network["external"]
    return json.dumps(raw, sort_keys=True, separators=(",", ":"))


def settings_from_json(text: str) -> Settings:
    """The settings that `settings_to_json` wrote; keys of a newer version are passed over."""
    raw = json.loads(text)
    health = raw.get("healthcheck")
    return Settings(
        env=raw.get("env", {}),
        ports=tuple(_make(Port, item) for item in raw.get("ports", [])),
        volumes=tuple(_make(Volume, item) for item in raw.get("volumes", [])),
        ulimits=tuple(_make(Ulimit, item) for item in raw.get("ulimits", [])),
        devices=tuple(_device(item) for item in raw.get("devices", [])),
        hooks=tuple(_hook(item) for item in raw.get("hooks", [])),
        networks=tuple(_make(Network, item) for item in raw.get("networks", [])),
        healthcheck=_make(HealthCheck, {**health, "command": tuple(health["command"])}) if health else None,
        resources=_make(Resources, raw.get("resources", {})),
        restart=_make(Restart, raw.get("restart", {})),
        kubernetes=_make(Kubernetes, raw["kubernetes"]) if raw.get("kubernetes") else None,
        tmpfs=tuple(_make(Tmpfs, item) for item in raw.get("tmpfs", ())),
        extra_hosts=tuple((name, address) for name, address in raw.get("extra_hosts", ())),
        **{key: raw[key] for key in _SCALARS if key in raw},
        **_words(raw),
    )


def _words(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(raw[key]) for key in _WORDS if key in raw}


def _device(raw: Mapping[str, Any]) -> Device | DeviceMatch:
    found: Device | DeviceMatch = (
        _make(DeviceMatch, {**raw, "words": tuple(raw["words"])}) if "words" in raw else _make(Device, raw)
    )
    return found


def _hook(raw: Mapping[str, Any]) -> Hook:
    hook: Hook = _make(Hook, {**raw, "args": tuple(raw["args"]), "env": tuple(raw["env"])})
    return hook


def _make(kind: Any, raw: Mapping[str, Any]) -> Any:
    known = {item.name for item in fields(kind)}
    return kind(**{key: value for key, value in raw.items() if key in known})
