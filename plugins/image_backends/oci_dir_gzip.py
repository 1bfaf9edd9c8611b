"""An OCI image layout with gzip layers, as registries keep them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sdk_hooks import Image, hookimpl
from sdk_hooks.output import Layout, gzip

_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
_PIECE = 1 << 20


class OciDirectoryGzip:
    name = "oci-dir-gzip"
    summary = "OCI image layout with gzip layers, for pushing to a registry"
    suffix = "-oci-gzip"

    def write(self, image: Image, destination: Path) -> None:
        layout = Layout(destination)
        layout.create()
        with layout.locked():
            layers = [layout.add(gzip(_read(image.blob(layer))), _GZIP) for layer in image.layers]
            config = layout.add(
                _read(image.blob(image.config_descriptor)), image.config_descriptor.media_type
            )
            layout.commit_image(image, config, layers)


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


@hookimpl
def sdk_image_backends() -> list[OciDirectoryGzip]:
    return [OciDirectoryGzip()]
