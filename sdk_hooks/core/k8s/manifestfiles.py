"""Finds the manifests that a person has in a directory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdk_hooks.core.k8s import imagerefs, yamlfiles
from sdk_hooks.core.k8s.app import Manifest
from sdk_hooks.errors import SdkError

_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_SUFFIXES = (".yaml", ".yml", ".json")
RENDERED = "manifests.yaml"
"""What kustomize made of a directory."""


@dataclass(frozen=True)
class File:
    """A file of manifests."""

    path: str
    """In the directory."""
    name: str
    """For people."""
    text: str


def read(place: Path, kustomize: Callable[[Path], str]) -> list[File]:
    """The files of manifests in the directory *place* and below, or the file *place* itself.

    :param kustomize: Gives what kustomize makes of a directory, for those that have a kustomization.
    :raises SdkError: When there is none, or one can't be read.
    """
    if any((place / name).is_file() for name in _KUSTOMIZATIONS):
        return [File(RENDERED, f"{place} (kustomize)", kustomize(place))]
    found = [place] if place.is_file() else sorted(_files(place))
    if not found:
        raise SdkError(
            f"'{place}' has no manifests" if place.is_dir() else f"there is no directory '{place}'",
            hint="name a directory with .yaml files: --manifests DIR",
            code="no-manifests",
        )
    top = place.parent if place.is_file() else place
    return [File(path.relative_to(top).as_posix(), str(path), _text(path)) for path in found]


def _files(place: Path) -> Iterator[Path]:
    for path in place.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(place).parts)
        if path.suffix in _SUFFIXES and path.is_file() and not hidden:
            yield path


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        hint = "let it be UTF-8 text, or name another directory: --manifests DIR"
        raise SdkError(f"'{path}' can't be read", detail=detail, hint=hint, code="unreadable") from error


def objects(files: Sequence[File]) -> list[tuple[File, Manifest]]:
    """The objects in *files*, those of lists one by one.

    :raises SdkError: With the file, and the line where there is something else.
    """
    return [
        (file, each)
        for file in files
        for value, node in yamlfiles.nodes(imagerefs.plain(file.text, file.name), file.name)
        for each in _objects(value, f"{file.name}:{node.start_mark.line + 1}")
    ]


def _objects(value: Any, place: str) -> Iterator[Manifest]:
    if isinstance(value, dict) and isinstance(value.get("items"), list) and "List" in str(value.get("kind")):
        for each in value["items"]:
            yield from _objects(each, place)
        return
    meta = value.get("metadata") if isinstance(value, dict) else None
    named = isinstance(meta, dict) and isinstance(meta.get("name"), str) and meta["name"]
    if not named or not all(isinstance(value.get(key), str) for key in ("apiVersion", "kind")):
        raise SdkError(
            f"{place}: it is no object of Kubernetes: it lacks apiVersion, kind, or metadata.name",
            hint="keep manifests and other files apart",
            code="no-object",
        )
    yield value
