"""A tar that `docker load` takes: up to version 26 it knows no OCI layout."""

from __future__ import annotations

from pathlib import Path

from sdk_hooks import Image, hookimpl
from sdk_hooks.output import image_archive, write_file


class DockerArchive:
    name = "docker-archive"
    summary = "tar for docker load, of any version"
    suffix = "-docker.tar"

    def write(self, image: Image, destination: Path) -> None:
        write_file(destination, image_archive(image, oci=False, docker=True))


@hookimpl
def sdk_image_backends() -> list[DockerArchive]:
    return [DockerArchive()]
