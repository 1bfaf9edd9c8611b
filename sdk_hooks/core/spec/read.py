"""Reads container.yaml, and the OCI_IMAGE_* variables that meta-virtualization defined."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from sdk_hooks.core.spec import device, kinds
from sdk_hooks.core.spec.application import APPLICATION
from sdk_hooks.core.spec.document import document
from sdk_hooks.core.spec.model import SPEC, Spec
from sdk_hooks.core.spec.values import port
from sdk_hooks.errors import SdkError
from sdk_hooks.families import DeviceKind

FILE_NAME = "container.yaml"


def load(path: Path) -> Spec:
    """The spec in the file at *path*; paths in it become relative to nothing.

    :raises SpecError: With file, line and column of what is wrong.
    """
    node = document(path)
    if node is None or node.value == "":  # nothing, or nothing but a document's start
        return Spec()
    _check_one(node, path)
    spec: Spec = SPEC.read(node, "")
    _check_sources(node, path.parent)
    return _anchored(spec, path.parent)


def find(directory: Path) -> Spec:
    """The spec of the source tree at *directory*, empty when it has none."""
    path = directory / FILE_NAME
    return load(path) if path.is_file() else Spec()


def from_variables(variables: Mapping[str, str]) -> Spec:
    """What a recipe says in OCI_IMAGE_* variables.

    ENTRYPOINT first, then ENTRYPOINT_ARGS, else CMD; lists are shell words.

    :raises SdkError: Naming the variable whose value makes no sense.
    """
    get = {name: value.strip() for name, value in variables.items() if value and value.strip()}
    args = "OCI_IMAGE_ENTRYPOINT_ARGS" if "OCI_IMAGE_ENTRYPOINT_ARGS" in get else "OCI_IMAGE_CMD"
    email = get.get("OCI_IMAGE_AUTHOR_EMAIL")
    author = " ".join(filter(None, (get.get("OCI_IMAGE_AUTHOR"), email and f"<{email}>")))
    return Spec(
        tag=_said(get, "OCI_IMAGE_TAG", "tag"),
        base=get.get("OCI_BASE_IMAGE"),
        entrypoint=_said(get, "OCI_IMAGE_ENTRYPOINT", "entrypoint"),
        cmd=_said(get, args, "cmd"),
        env=_pairs(get, "OCI_IMAGE_ENV_VARS"),
        user=_said(get, "OCI_IMAGE_RUNTIME_UID", "user"),
        workdir=_said(get, "OCI_IMAGE_WORKINGDIR", "workdir"),
        ports=_ports(get),
        labels=_labels(get) or None,
        author=author or None,
        stop_signal=_said(get, "OCI_IMAGE_STOPSIGNAL", "stop_signal"),
    )


def json_schema(devices: Mapping[str, DeviceKind]) -> dict[str, Any]:
    """The JSON Schema of container.yaml, for editors.

    :param devices: Ways to say which device is meant, by name.
    """
    several = {"if": {"required": ["containers"]}, "then": APPLICATION.schema(), "else": SPEC.schema()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FILE_NAME,
        **several,
        "$defs": {device.DEFINITION: device.schema(devices)},
    }


def _check_one(node: yaml.Node, path: Path) -> None:
    for name, value in kinds.pairs(node, ""):
        if name in ("containers", "services"):
            what = f"{name!r} is for an application of several containers, this is for one image"
            raise kinds.fail(
                value, what, f"give it a file of its own, and deploy that: container-deploy {path}"
            )


def _check_sources(node: yaml.Node, directory: Path) -> None:
    """Refuse files that are not there, while their place in the file is known."""
    files = dict(kinds.pairs(node, "")).get("files")
    for item in files.value if files else ():
        source = dict(kinds.pairs(item, "files")).get("source")
        if source is not None and not (directory / source.value).exists():
            raise kinds.fail(source, f"'files.source': there is no '{directory / source.value}'")


def _anchored(spec: Spec, directory: Path) -> Spec:
    files = spec.files and tuple(
        replace(file, source=str(directory / file.source)) if file.source else file for file in spec.files
    )
    feeds = spec.feeds and tuple(feed.below(str(directory)) for feed in spec.feeds)
    is_path = spec.base and (os.sep in spec.base or (directory / spec.base).exists())
    base = str(directory / spec.base) if spec.base and is_path else spec.base
    return replace(spec, files=files, feeds=feeds, base=base)


def _said(variables: Mapping[str, str], name: str, key: str) -> Any:
    """A variable that means what *key* of container.yaml means; None when it is not set."""
    try:
        return SPEC.said(key, variables[name]) if name in variables else None
    except ValueError as error:
        raise _bad(name, variables[name], str(error)) from error


def _words(variables: Mapping[str, str], name: str) -> tuple[str, ...] | None:
    words: tuple[str, ...] | None = _said(variables, name, "cmd")
    return words


def _pairs(variables: Mapping[str, str], name: str) -> dict[str, str] | None:
    words = _words(variables, name)
    if words is None:
        return None
    for word in words:
        if "=" not in word:
            raise _bad(name, variables[name], f"{word!r} has no '='")
    return dict(word.split("=", 1) for word in words)


def _ports(variables: Mapping[str, str]) -> tuple[Any, ...] | None:
    words = _words(variables, "OCI_IMAGE_PORTS")
    try:
        return words and tuple(port(word) for word in words)
    except ValueError as error:
        raise _bad("OCI_IMAGE_PORTS", variables["OCI_IMAGE_PORTS"], str(error)) from error


def _labels(variables: Mapping[str, str]) -> dict[str, str]:
    labels = _pairs(variables, "OCI_IMAGE_LABELS") or {}
    if variables.get("OCI_IMAGE_AUTO_LABELS") == "0":
        return labels
    automatic = {"revision": "REVISION", "ref.name": "BRANCH", "created": "BUILD_DATE"}
    for label, variable in automatic.items():
        value = variables.get(f"OCI_IMAGE_{variable}", "none")
        if value != "none":
            labels.setdefault(f"org.opencontainers.image.{label}", value)
    return labels


def _bad(name: str, value: str, why: str) -> SdkError:
    return SdkError(
        f"{name} is {value!r}: {why}", hint=f"set {name} in the recipe or a .bbappend", code="bad-variable"
    )
