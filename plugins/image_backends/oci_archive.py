"""A tar of an OCI image layout, as podman, skopeo, ctr and umoci's users pass around."""

from __future__ import annotations

from pathlib import Path

from sdk_hooks import Image, hookimpl
from sdk_hooks.output import image_archive, write_file


class OciArchive:
    name = "oci-archive"
    summary = "tar of an OCI layout, for podman load, skopeo and ctr images import"
    suffix = "-oci.tar"

    def write(self, image: Image, destination: Path) -> None:
        write_file(destination, image_archive(image, oci=True, docker=False))


@hookimpl
def sdk_image_backends() -> list[OciArchive]:
    return [OciArchive()]
