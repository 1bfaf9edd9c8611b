"""An image as one tar that every engine loads: OCI layout and docker-archive in one, whole or partial.

podman, ctr and skopeo read `index.json`, docker up to 26 reads only `manifest.json`. Each of them takes an
archive without the layers that it already holds, and fails at once when one is missing that it does not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sdk_hooks.core import tarstream
from sdk_hooks.core.fileset import DIRECTORY, FILE, Entry
from sdk_hooks.core.layout import LAYOUT_FILE, name_annotations, to_json
from sdk_hooks.image import INDEX, Descriptor, Image


def stream(
    image: Image, name: str, omit: Collection[str] = (), *, oci: bool = True, docker: bool = True
) -> Iterator[bytes]:
    """The archive in pieces.

    :param name: What the image is called after loading, with tag.
    :param omit: Diff IDs of the layers to leave out.
    :param oci: With what OCI readers need.
    :param docker: With what docker needs.
    """
    return tarstream.stream(entries(image, name, omit, oci=oci, docker=docker), 0)


def size(image: Image, name: str, omit: Collection[str] = ()) -> int:
    """Bytes that `stream` gives."""
    return tarstream.size(entries(image, name, omit), 0)


def entries(
    image: Image, name: str, omit: Collection[str] = (), *, oci: bool = True, docker: bool = True
) -> list[Entry]:
    """The archive's members in order: names first, so that a reader knows early what it reads."""
    sent = [blob for blob, diff in zip(image.layers, image.diff_ids, strict=True) if diff not in omit]
    blobs = [image.config_descriptor, *dict.fromkeys(sent)]
    members = []
    if oci:
        members += [_inline("oci-layout", LAYOUT_FILE), _inline("index.json", _index(image, name))]
        blobs.insert(0, image.descriptor)
    if docker:
        members.append(_inline("manifest.json", _docker_manifest(image, name)))
    folders = [Entry("blobs", DIRECTORY, 0o755), Entry("blobs/sha256", DIRECTORY, 0o755)]
    return members + folders + [_blob(image, blob) for blob in blobs]


def _index(image: Image, name: str) -> bytes:
    entry = {**image.descriptor.to_json(), "annotations": name_annotations(name)}
    return to_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]})


def _docker_manifest(image: Image, name: str) -> bytes:
    layers = [blob.path for blob in image.layers]
    return to_json([{"Config": image.config_descriptor.path, "RepoTags": [name], "Layers": layers}])


def _inline(path: str, data: bytes) -> Entry:
    return Entry(path, FILE, 0o644, size=len(data), data=data)


def _blob(image: Image, blob: Descriptor) -> Entry:
    return Entry(blob.path, FILE, 0o644, size=blob.size, source=str(image.blob(blob)))
