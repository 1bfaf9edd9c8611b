"""An image's config in words, a line for each part."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

_NAMES = {
    "User": "user",
    "Entrypoint": "entrypoint",
    "Cmd": "cmd",
    "WorkingDir": "workdir",
    "Env": "env",
    "ExposedPorts": "port",
    "Volumes": "volume",
    "StopSignal": "stop signal",
    "Healthcheck": "healthcheck",
    "Labels": "label",
}
"""In the order in which people want to know."""


def told(config: Mapping[str, Any]) -> dict[str, str]:
    """What *config* says, by `user`, `env PATH`, `ports`: a line for each variable, label and other key."""
    found: dict[str, str] = {}
    for key in (*_NAMES, *sorted(config.keys() - _NAMES.keys())):
        name, value = _NAMES.get(key, key.lower()), config.get(key)
        if key == "Env":
            pairs = (str(each).partition("=") for each in value or ())
            found |= {f"env {name}": text for name, _, text in pairs}
        elif isinstance(value, Mapping):
            found |= _of_mapping(name, value)
        elif value not in (None, "", []):
            found[name] = _text(value)
    return found


def _of_mapping(name: str, value: Mapping[str, Any]) -> dict[str, str]:
    """Ports and volumes are keys with nothing, and so one line together."""
    if not any(value.values()):
        return {f"{name}s": ", ".join(sorted(value))} if value else {}
    return {f"{name} {key}": _text(each) for key, each in sorted(value.items())}


def _text(value: object) -> str:
    return shlex.join(map(str, value)) if isinstance(value, list) else str(value)
