"""An image as one tar that every engine loads: OCI layout and docker-archive in one, whole or partial.

podman, ctr and skopeo read `index.json`, docker up to 26 reads only `manifest.json`. Each of them takes an
archive without the layers that it already holds, and fails at once when one is missing that it does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sdk_hooks.core.disk import to_json
from sdk_hooks.core.files.fileset import DIRECTORY, FILE, Entry
from sdk_hooks.core.oci import tarstream
from sdk_hooks.core.oci.layout import LAYOUT_FILE, name_annotations
from sdk_hooks.image import CONFIG, INDEX, MANIFEST, Descriptor, Image


@dataclass(frozen=True)
class View:
    """An image, or its lower layers as an image of their own."""

    image: Image
    layers: tuple[Descriptor, ...]
    diff_ids: tuple[str, ...]
    config: bytes
    manifest: bytes


def whole(image: Image) -> View:
    """All of *image*, to the byte."""
    manifest, config = (image.blob(blob).read_bytes() for blob in (image.descriptor, image.config_descriptor))
    return View(image, image.layers, image.diff_ids, config, manifest)


def lower(image: Image, count: int) -> View:
    """The lowest *count* layers of *image*: what an engine that has loaded them need not be sent again."""
    rootfs = {"type": "layers", "diff_ids": image.diff_ids[:count]}
    keys = ("architecture", "os", "variant", "created")
    kept = {key: image.config[key] for key in keys if key in image.config}
    config = to_json({**kept, "config": {}, "rootfs": rootfs})
    layers = [layer.to_json() for layer in image.layers[:count]]
    parts = {"config": _descriptor(CONFIG, config).to_json(), "layers": layers}
    manifest = to_json({"schemaVersion": 2, "mediaType": MANIFEST, **parts})
    return View(image, image.layers[:count], image.diff_ids[:count], config, manifest)


def stream(
    view: View, name: str, omit: Collection[str] = (), *, oci: bool = True, docker: bool = True
) -> Iterator[bytes]:
    """The archive in pieces.

    :param name: What the image is called after loading, with tag.
    :param omit: Diff IDs of the layers to leave out.
    :param oci: With what OCI readers need.
    :param docker: With what docker needs.
    """
    return tarstream.stream(entries(view, name, omit, oci=oci, docker=docker), 0)


def size(view: View, name: str, omit: Collection[str] = ()) -> int:
    """Bytes that `stream` gives."""
    return tarstream.size(entries(view, name, omit), 0)


def entries(
    view: View, name: str, omit: Collection[str] = (), *, oci: bool = True, docker: bool = True
) -> list[Entry]:
    """The archive's members in order: names first, so that a reader knows early what it reads."""
    sent = [blob for blob, diff in zip(view.layers, view.diff_ids, strict=True) if diff not in omit]
    manifest, config = _descriptor(MANIFEST, view.manifest), _descriptor(CONFIG, view.config)
    members = []
    if oci:
        members += [_inline("oci-layout", LAYOUT_FILE), _inline("index.json", _index(manifest, name))]
    if docker:
        members.append(_inline("manifest.json", _docker_manifest(view, config, name)))
    members += [Entry("blobs", DIRECTORY, 0o755), Entry("blobs/sha256", DIRECTORY, 0o755)]
    if oci:
        members.append(_inline(manifest.path, view.manifest))
    members.append(_inline(config.path, view.config))
    return members + [_blob(view.image, blob) for blob in dict.fromkeys(sent)]


def _index(manifest: Descriptor, name: str) -> bytes:
    entry = {**manifest.to_json(), "annotations": name_annotations(name)}
    return to_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]})


def _docker_manifest(view: View, config: Descriptor, name: str) -> bytes:
    layers = [blob.path for blob in view.layers]
    return to_json([{"Config": config.path, "RepoTags": [name], "Layers": layers}])


def _descriptor(media_type: str, content: bytes) -> Descriptor:
    return Descriptor(media_type, f"sha256:{hashlib.sha256(content).hexdigest()}", len(content))


def _inline(path: str, data: bytes) -> Entry:
    return Entry(path, FILE, 0o644, size=len(data), data=data)


def _blob(image: Image, blob: Descriptor) -> Entry:
    return Entry(blob.path, FILE, 0o644, size=blob.size, source=str(image.blob(blob)))
