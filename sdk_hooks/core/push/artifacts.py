"""Manifests to push: an image, and what refers to it in its layout or beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sdk_hooks.core.bom.places import REFERRERS, beside
from sdk_hooks.core.oci.imageset import ImageSet
from sdk_hooks.core.oci.layout import refers
from sdk_hooks.core.push import place
from sdk_hooks.errors import SdkError
from sdk_hooks.image import REF_NAME, Descriptor, Image, descriptor


class Artifact(NamedTuple):
    """A manifest with what it is made of."""

    layout: Path
    descriptor: Descriptor
    manifest: Mapping[str, Any]
    tag: str
    """Empty when it is found by its digest alone."""
    what: str
    """For people."""

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        return tuple(map(descriptor, (self.manifest["config"], *self.manifest["layers"])))

    @property
    def entry(self) -> dict[str, Any]:
        """What a list of referrers says of it."""
        kind = self.manifest.get("artifactType") or self.manifest["config"]["mediaType"]
        notes = self.manifest.get("annotations")
        return {
            **self.descriptor.to_json(),
            "artifactType": kind,
            **({"annotations": notes} if notes else {}),
        }


def of_image(image: Image, *, alone: bool = True) -> Artifact:
    """
    :param alone: Whether it has the tag itself, and not an index that names it.
    """
    name = tag(image) if alone else ""
    return Artifact(image.layout, image.descriptor, image.manifest, name, "the manifest")


def tag(wanted: Image | ImageSet) -> str:
    return place.tag(wanted.name)


def referring(layout: Path, subject: str) -> list[Artifact]:
    """Signatures, bills of materials and the like of what has the digest *subject*; none of another image.

    :param layout: With the image; they may be beside it.
    :raises SdkError: When a layout with them is damaged.
    """
    found: dict[str, Artifact] = {}
    for each in dict.fromkeys((layout, beside(layout, REFERRERS))):
        try:
            found |= {one.descriptor.digest: one for one in _in_layout(each, subject)}
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
            raise SdkError(
                f"'{each}' is damaged", detail=str(error), hint="build the image again", code="bad-layout"
            ) from error
    return list(found.values())


def _in_layout(layout: Path, wanted: str) -> Iterator[Artifact]:
    index = layout / "index.json"
    if not index.exists():
        return
    for entry in json.loads(index.read_bytes())["manifests"]:
        if not refers(entry):
            continue
        own = descriptor(entry)
        manifest = json.loads((layout / own.path).read_bytes())
        name = (entry.get("annotations") or {}).get(REF_NAME, "")
        subject = (manifest.get("subject") or {}).get("digest")
        # a signature that cosign has written has no subject, but a name
        if subject == wanted or name == f"{fallback(wanted)}.sig":
            what = "the signature" if name else f"the {manifest.get('artifactType', 'document')}"
            yield Artifact(layout, own, manifest, name, what)


def fallback(subject: str) -> str:
    """The tag with the list of what refers to *subject*, where a registry keeps no such lists itself."""
    return subject.replace(":", "-")
