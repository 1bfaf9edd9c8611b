"""Writes a second layout: the image with all that refers to it, for tools that copy both to a registry."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sdk_hooks.core import disk
from sdk_hooks.core.bom.places import REFERRERS, beside
from sdk_hooks.core.bom.signature import SIMPLE_SIGNING, VALUE, Signature
from sdk_hooks.core.oci.layout import Layout, name_annotations
from sdk_hooks.image import CONFIG, INDEX, MANIFEST, REF_NAME, Descriptor, Image

_EMPTY, _NOTHING = "application/vnd.oci.empty.v1+json", b"{}"
_SIGNATURE = "application/vnd.dev.cosign.artifact.sig.v1+json"
_KIND, _IMAGE, _SIGNATURES = "kind", "dev.cosignproject.cosign/image", "dev.cosignproject.cosign/sigs"
"""By these annotations `cosign verify --local-image` finds its way."""


class Artifact(NamedTuple):
    """A document about an image."""

    suffix: str
    """Of its file: `.spdx.json`."""
    media_type: str
    content: bytes


def write(image: Image, artifacts: Sequence[Artifact], signatures: Sequence[Signature]) -> None:
    """Write the layout beside *image*'s; take it away when nothing refers to the image.

    Blobs of the image are the same files in both, where the file system knows links.

    :raises SdkError: When it can't be written.
    """
    place = beside(image.layout, REFERRERS)
    layout = Layout(place)
    if not artifacts and not signatures:
        if (place / "oci-layout").exists():
            shutil.rmtree(place)
        return
    layout.create()
    with layout.locked(), disk.writing(place):
        writer = _Writer(layout, image)
        entries = [writer.image_entry(), *map(writer.artifact, artifacts)]
        if signatures:
            entries.append(writer.signatures(signatures))
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
        disk.replace(place / "index.json", disk.to_json(index))
        for name in os.listdir(place / "blobs" / "sha256"):
            if f"sha256:{name}" not in writer.live:
                os.unlink(place / "blobs" / "sha256" / name)


class _Writer:
    def __init__(self, layout: Layout, image: Image) -> None:
        self.layout, self.image = layout, image
        self.live: set[str] = set()
        """Digests of what belongs to the layout."""

    def image_entry(self) -> dict[str, Any]:
        for blob in (self.image.descriptor, self.image.config_descriptor, *self.image.layers):
            self.live.add(blob.digest)
            if not self.layout.has(blob):
                _link(self.image.blob(blob), self.layout.path / blob.path)
        platform = {
            key: self.image.config[key]
            for key in ("architecture", "os", "variant")
            if key in self.image.config
        }
        notes = {**name_annotations(self.image.name), _KIND: _IMAGE}
        return {**self.image.descriptor.to_json(), "platform": platform, "annotations": notes}

    def artifact(self, artifact: Artifact) -> dict[str, Any]:
        title = beside(self.image.layout, artifact.suffix).name
        notes = {"org.opencontainers.image.title": title}
        layer = {**self._add(artifact.content, artifact.media_type).to_json(), "annotations": notes}
        config = {**self._add(_NOTHING, _EMPTY).to_json(), "data": base64.b64encode(_NOTHING).decode()}
        return self._manifest(artifact.media_type, config, [layer])

    def signatures(self, signatures: Sequence[Signature]) -> dict[str, Any]:
        """All of them in one manifest, which also has the tag by which cosign looks for it in a registry."""
        layers = [
            {
                **self._add(each.payload, SIMPLE_SIGNING).to_json(),
                "annotations": {VALUE: base64.b64encode(each.value).decode()},
            }
            for each in signatures
        ]
        root = {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]}
        config = {"architecture": "", "os": "", "config": {}, "rootfs": root}
        entry = self._manifest(_SIGNATURE, self._add(disk.to_json(config), CONFIG).to_json(), layers)
        tag = f"{self.image.digest.replace(':', '-')}.sig"
        return {**entry, "annotations": {REF_NAME: tag, _KIND: _SIGNATURES}}

    def _manifest(self, kind: str, config: dict[str, Any], layers: list[dict[str, Any]]) -> dict[str, Any]:
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": kind,
            "config": config,
            "layers": layers,
            "subject": self.image.descriptor.to_json(),
        }
        return {**self._add(disk.to_json(manifest), MANIFEST).to_json(), "artifactType": kind}

    def _add(self, content: bytes, media_type: str) -> Descriptor:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.live.add(digest)
        blob = Descriptor(media_type, digest, len(content))
        # to write a file in the place of another one makes the disk wait
        return blob if self.layout.has(blob) else self.layout.add([content], media_type)


def _link(source: Path, target: Path) -> None:
    """Give the file *source* a second name; copy it where there are no links, or none to another's files."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
