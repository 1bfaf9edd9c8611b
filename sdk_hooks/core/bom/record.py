"""What a build put into an image, kept beside it: lock, SBOM and `container-inspect` are made of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from sdk_hooks.core import disk
from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.bom.places import beside
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image

SUFFIX = "-contents.json"
_VERSION = 1


@dataclass(frozen=True)
class Layer:
    """A layer that the build made: those of a base image are not among them."""

    digest: str
    comment: str


@dataclass(frozen=True)
class Record:
    """What stands beside the image of a digest."""

    digest: str
    """Of the image's manifest."""
    epoch: int
    """SOURCE_DATE_EPOCH."""
    components: tuple[Component, ...]
    layers: tuple[Layer, ...]
    """Bottom first."""
    base: str = ""
    """Digest of the base image's manifest; empty when there is no base."""
    below: tuple[Component, ...] = ()
    """What is in the base image: by its own record, else by its package manager."""
    read: tuple[Component, ...] = ()
    """What files were made of that is not in the image: a distribution's list of users."""

    @property
    def every(self) -> tuple[Component, ...]:
        """With the base image's, bottom first."""
        return (*self.below, *self.components)


def path(layout: Path) -> Path:
    """Where the record of the image in *layout* is: beside it, as engines and skopeo want layouts alone."""
    return beside(layout, SUFFIX)


def save(image: Image, record: Record) -> None:
    """Write *record* beside *image*.

    :raises SdkError: When it can't be written.
    """
    place = path(image.layout)
    with disk.writing(place):
        disk.replace(place, disk.to_json({"version": _VERSION, **asdict(record)}))


def load(image: Image) -> Record | None:
    """The record of *image*; None when there is none, or it is that of another build.

    :raises SdkError: When it is damaged.
    """
    return of_layout(image.layout, image.digest)


def of_layout(layout: Path, digest: str) -> Record | None:
    """The record of the image *digest* in *layout*; as `load`."""
    place = path(layout)
    try:
        record = _record(json.loads(place.read_bytes()))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise SdkError(
            f"'{place}' is damaged", detail=str(error), hint="build the image again", code="bad-record"
        ) from error
    return record if record.digest == digest else None


def _record(raw: Mapping[str, Any]) -> Record:
    components = tuple(_component(each) for each in raw["components"])
    layers = tuple(Layer(each["digest"], each["comment"]) for each in raw["layers"])
    below = tuple(_component(each) for each in raw["below"])
    read = tuple(_component(each) for each in raw.get("read", ()))
    return Record(raw["digest"], raw["epoch"], components, layers, raw["base"], below, read)


def _component(raw: Mapping[str, Any]) -> Component:
    known = {each.name for each in fields(Component)}
    texts = {key: value for key, value in raw.items() if key in known}
    return Component(**{**texts, "needs": tuple(raw["needs"]), "files": tuple(raw["files"])})


def owners(components: Sequence[Component]) -> dict[str, Component]:
    """Whose each path is; of two that have it, the later one's."""
    return {path: component for component in components for path in component.files}
