"""A read-only view of an OCI image that lies in a layout on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdk_hooks.target import Platform

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
REF_NAME = "org.opencontainers.image.ref.name"
IMAGE_NAME = "io.containerd.image.name"
SETTINGS = "io.github.devtool-containers.settings"
"""Annotation of the manifest: `sdk_hooks.container.Settings` as JSON."""


@dataclass(frozen=True)
class Descriptor:
    """Names a blob, as in the image-spec; *digest* is `sha256:<hex>`, *size* is in bytes."""

    media_type: str
    digest: str
    size: int

    def to_json(self) -> dict[str, Any]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}

    @property
    def path(self) -> str:
        """Where the blob lies in a layout."""
        return f"blobs/{self.digest.replace(':', '/', 1)}"


@dataclass(frozen=True)
class Image:
    """An image in an OCI layout directory.

    Layers are uncompressed where this project wrote them: blob digest and diff ID are the same.
    """

    layout: Path
    name: str
    """Full name with tag, as in `localhost/web:latest`."""
    descriptor: Descriptor
    """Of the manifest."""
    manifest: Mapping[str, Any]
    config: Mapping[str, Any]

    @property
    def digest(self) -> str:
        return self.descriptor.digest

    @property
    def config_descriptor(self) -> Descriptor:
        return descriptor(self.manifest["config"])

    @property
    def layers(self) -> tuple[Descriptor, ...]:
        """Bottom first."""
        return tuple(descriptor(layer) for layer in self.manifest["layers"])

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """Digests of the uncompressed layers, bottom first."""
        return tuple(self.config["rootfs"]["diff_ids"])

    @property
    def platform(self) -> Platform:
        return Platform(self.config["architecture"], self.config.get("variant", ""), self.config["os"])

    def blob(self, blob: Descriptor) -> Path:
        return self.layout / blob.path


def descriptor(value: Mapping[str, Any]) -> Descriptor:
    """The descriptor in *value*, a part of a manifest or an index."""
    return Descriptor(value["mediaType"], value["digest"], value["size"])
