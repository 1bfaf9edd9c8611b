"""One image for machines of several architectures: one of its own for each, and the index that names them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from sdk_hooks.core.disk import to_json
from sdk_hooks.core.oci import adopt
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.errors import SdkError
from sdk_hooks.image import INDEX, MANIFEST, Descriptor, Image


@dataclass(frozen=True)
class ImageSet:
    """Images of one name, each for another platform."""

    images: tuple[Image, ...]
    """One at least; it is the first whose settings count."""
    index: bytes = b""
    """An OCI image index of just these; empty for one alone, which needs none."""

    @property
    def name(self) -> str:
        return self.images[0].name

    @property
    def descriptor(self) -> Descriptor:
        """Of what stands for all of them: the index, or the manifest of the only one."""
        if not self.index:
            return self.images[0].descriptor
        return Descriptor(INDEX, f"sha256:{hashlib.sha256(self.index).hexdigest()}", len(self.index))

    @property
    def digest(self) -> str:
        return self.descriptor.digest

    @property
    def architectures(self) -> tuple[str, ...]:
        return tuple(sorted({image.platform.architecture for image in self.images}))

    def on(self, architecture: str) -> Image | None:
        """The one for a machine of which only the architecture is known: that of the oldest variant."""
        found = [image for image in self.images if image.platform.architecture == architecture]
        return min(found, key=lambda image: image.platform.variant, default=None)


def of(images: Iterable[Image]) -> ImageSet:
    """The set of *images*, whose index is the same in whatever order they are.

    :raises SdkError: When two are for the same platform.
    """
    found = tuple({image.digest: image for image in images}.values())
    known: dict[str, Image] = {}
    for image in found:
        other = known.setdefault(str(image.platform), image)
        if other is not image:
            places = dict.fromkeys((str(other.layout), str(image.layout)))
            raise SdkError(
                f"two images of {image.name!r} are for {image.platform}",
                detail="\n".join(places),
                hint="leave one of them out",
                code="same-architecture",
            )
    if len(found) == 1:
        return ImageSet(found)
    listed = [known[key] for key in sorted(known)]
    entries = [{**each.descriptor.to_json(), "platform": _platform(each)} for each in listed]
    return ImageSet(found, to_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}))


def read(path: Path) -> ImageSet:
    """The image in the layout at *path*; where an index names those for several platforms, it stays as it is.

    :raises SdkError: When there is none, or it is damaged, or two are for the same platform.
    """
    layout = Layout(path)
    found = layout.images()
    if not found:
        layout.image()  # says so
    # a registry and nodes get it as it is, but for what only docker calls a manifest
    made, index = of(_oci(image) for image in found), layout.index()
    if not made.index or not index:
        return made
    listed = {entry["digest"] for entry in json.loads(index)["manifests"]}
    return replace(made, index=index) if listed == {image.digest for image in made.images} else made


def _oci(image: Image) -> Image:
    return image if image.descriptor.media_type == MANIFEST else adopt.plain(image)


def _platform(image: Image) -> dict[str, str]:
    keys = ("architecture", "os", "variant")
    return {key: image.config[key] for key in keys if image.config.get(key)}
