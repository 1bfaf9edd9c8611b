"""The OCI image config and manifest of a container, from its spec and what its base says."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from sdk_hooks.core.oci.layers import Layer
from sdk_hooks.core.spec.annotation import settings_to_json
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.image import CONFIG, MANIFEST, SETTINGS, Descriptor
from sdk_hooks.target import Platform

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
USER = "65532:65532"
"""nonroot, as distroless images and meta-virtualization's application images have it."""


def config(
    spec: Spec, platform: Platform, base: Mapping[str, Any], layers: Sequence[Layer], epoch: int
) -> dict[str, Any]:
    """The image config (image-spec, config.md).

    :param base: The config of the base image, empty without one.
    :param layers: Those on top of the base's.
    """
    created = timestamp(epoch)
    history = [{"created": created, "created_by": f"devtool-containers: {la.comment}"} for la in layers]
    return {
        "created": created,
        **({"author": spec.author} if spec.author else {}),
        "architecture": platform.architecture,
        "os": platform.os,
        **({"variant": platform.variant} if platform.variant else {}),
        "config": _runtime_config(spec, base.get("config") or {}),
        "rootfs": {
            "type": "layers",
            "diff_ids": [*base.get("rootfs", {}).get("diff_ids", []), *(la.blob.digest for la in layers)],
        },
        "history": [*base.get("history", []), *history],
    }


def manifest(config_blob: Descriptor, layers: Sequence[Descriptor], spec: Spec) -> dict[str, Any]:
    """The image manifest; how the container is run stands in an annotation."""
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config_blob.to_json() | {"mediaType": CONFIG},
        "layers": [layer.to_json() for layer in layers],
        "annotations": {SETTINGS: settings_to_json(spec.settings())},
    }


def user(spec: Spec, base: Mapping[str, Any]) -> str:
    """Who the container runs as: `user[:group]`, by number or name; nobody's choice is not root."""
    return spec.user or (base.get("config") or {}).get("User") or USER


def program(spec: Spec, base: Mapping[str, Any]) -> str:
    """What the container runs: the first word of its command line; empty when nobody named one."""
    entrypoint, cmd = _command(spec, base.get("config") or {})
    return next(iter(entrypoint or cmd or ()), "")


def timestamp(epoch: int) -> str:
    """RFC 3339, as the image-spec wants it."""
    return datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _runtime_config(spec: Spec, base: Mapping[str, Any]) -> dict[str, Any]:
    entrypoint, cmd = _command(spec, base)
    ports = (f"{port.container}/{port.protocol}" for port in spec.ports or ())
    values = {
        "User": user(spec, {"config": base}),
        "ExposedPorts": _keys(base.get("ExposedPorts"), ports),
        "Env": _env(spec, base.get("Env") or []),
        "Entrypoint": entrypoint,
        "Cmd": cmd,
        "Volumes": _keys(base.get("Volumes"), (v.target for v in spec.volumes or ())),
        "WorkingDir": spec.workdir or base.get("WorkingDir"),
        "Labels": {**(base.get("Labels") or {}), **(spec.labels or {})},
        "StopSignal": spec.stop_signal or base.get("StopSignal"),
    }
    return {key: value for key, value in values.items() if value}


def _command(spec: Spec, base: Mapping[str, Any]) -> tuple[list[str] | None, list[str] | None]:
    """Entrypoint and Cmd; as with docker build, a new entrypoint drops the base's arguments."""
    entrypoint = base.get("Entrypoint") if spec.entrypoint is None else list(spec.entrypoint)
    if spec.cmd is not None:
        return entrypoint, list(spec.cmd)
    return entrypoint, base.get("Cmd") if spec.entrypoint is None else None


def _keys(base: Mapping[str, Any] | None, more: Any) -> dict[str, dict[str, Any]]:
    return {key: {} for key in sorted({*(base or {}), *more})}


def _env(spec: Spec, base: Sequence[str]) -> list[str]:
    known = dict(item.partition("=")[::2] for item in base)
    known.setdefault("PATH", PATH)
    known.update(spec.env or {})
    return [f"{key}={value}" for key, value in known.items()]
