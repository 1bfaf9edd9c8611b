"""The images that container-build has made in a directory, in the order in which they are built again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sdk_hooks.core import requests
from sdk_hooks.core.bom import record
from sdk_hooks.core.bom.record import Record
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.requests import Request
from sdk_hooks.image import Image


@dataclass(frozen=True)
class Built:
    """One image, how it was asked for and what was put in."""

    image: Image
    request: Request
    record: Record | None
    """None when it is that of another build."""

    @property
    def name(self) -> str:
        """As container-build was given it."""
        return str(self.request.options["name"])

    @property
    def label(self) -> str:
        """What people call it: its name, and its tag unless that is latest."""
        tag = self.image.name.rpartition(":")[2]
        return self.name if tag == "latest" else f"{self.name}:{tag}"


def find(directory: Path) -> list[Built]:
    """What was built in *directory*, each after the image that it is based on."""
    found = []
    for place in sorted(directory.glob(f"*{requests.SUFFIX}")):
        layout = place.with_name(place.name.removesuffix(requests.SUFFIX) + "-oci")
        image, request = Layout(layout).find(), requests.load(layout)
        if image is not None and request is not None:
            found.append(Built(image, request, record.load(image)))
    return ordered(found)


def images(directory: Path) -> list[Image]:
    """All images in *directory*, also those that were fetched."""
    found = (Layout(place).find() for place in sorted(directory.glob("*-oci")))
    return [image for image in found if image is not None]


def ordered(found: Sequence[Built]) -> list[Built]:
    """*found* so that each comes after its base."""
    places = {os.path.realpath(each.image.layout): each for each in found}
    done: dict[str, Built] = {}

    def add(place: str, on_the_way: frozenset[str]) -> None:
        each = places.get(place)
        if each is None or place in done or place in on_the_way:
            return
        add(os.path.realpath(each.request.base), on_the_way | {place})
        done[place] = each

    for place in places:
        add(place, frozenset())
    return list(done.values())
