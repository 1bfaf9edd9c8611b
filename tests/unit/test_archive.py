"""archive.py: one tar that every engine loads, whole or without the layers it has."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from sdk_hooks.core.oci import archive
from sdk_hooks.image import Image

from .helpers import file, make, untar
from .schemas import validate


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return make(tmp_path / "web-latest-oci", file("usr/bin/web", b"#!", 0o755)).image


def read(image: Image, omit: tuple[str, ...] = (), **forms: bool) -> dict[str, bytes]:
    raw = b"".join(archive.stream(archive.whole(image), "localhost/web:v2", omit, **forms))
    with untar(raw) as tar:
        return {m.name: tar.extractfile(m).read() if m.isfile() else b"" for m in tar}  # type: ignore[union-attr]  # a file has content


def test_one_archive_is_an_oci_layout_and_a_docker_archive(image: Image) -> None:
    found = read(image)
    layers = [layer.path for layer in image.layers]

    assert list(found) == [
        *("oci-layout", "index.json", "manifest.json", "blobs", "blobs/sha256"),
        *(image.descriptor.path, image.config_descriptor.path, *layers),
    ]
    assert found["oci-layout"] == b'{"imageLayoutVersion":"1.0.0"}'
    assert json.loads(found["index.json"]) == {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": image.digest,
                "size": image.descriptor.size,
                "annotations": {
                    "org.opencontainers.image.ref.name": "v2",
                    "io.containerd.image.name": "localhost/web:v2",
                },
            }
        ],
    }
    assert json.loads(found["manifest.json"]) == [
        {"Config": image.config_descriptor.path, "RepoTags": ["localhost/web:v2"], "Layers": layers}
    ]


def test_every_blob_has_the_digest_that_it_is_named_by(image: Image) -> None:
    blobs = {name: content for name, content in read(image).items() if name.startswith("blobs/sha256/")}

    assert len(blobs) == 4
    for name, content in blobs.items():
        assert hashlib.sha256(content).hexdigest() == name.rpartition("/")[2]


def test_layers_that_are_there_are_left_out_and_still_named(image: Image) -> None:
    bottom, top = image.layers

    found = read(image, omit=(image.diff_ids[0],))

    assert bottom.path not in found
    assert top.path in found
    assert json.loads(found["manifest.json"])[0]["Layers"] == [bottom.path, top.path]


def test_each_form_has_only_its_own_files(image: Image) -> None:
    oci, docker = read(image, docker=False), read(image, oci=False)

    assert {"oci-layout", "index.json"} <= oci.keys()
    assert "manifest.json" not in oci
    assert image.descriptor.path in oci
    assert not {"oci-layout", "index.json", image.descriptor.path} & docker.keys()
    assert "manifest.json" in docker


def test_a_layer_that_stands_twice_is_sent_once(tmp_path: Path, image: Image) -> None:
    twice = {**image.manifest, "layers": list(image.manifest["layers"]) * 2}
    config = {**image.config, "rootfs": {"type": "layers", "diff_ids": list(image.diff_ids) * 2}}
    doubled = Image(image.layout, image.name, image.descriptor, twice, config)

    found = [entry.path for entry in archive.entries(archive.whole(doubled), "x:y")]

    assert len(found) == len(set(found))


@pytest.mark.parametrize("omitted", [0, 1, 2])
def test_the_size_is_known_before_anything_is_read(image: Image, omitted: int) -> None:
    omit = image.diff_ids[:omitted]

    view = archive.whole(image)

    assert archive.size(view, image.name, omit) == len(b"".join(archive.stream(view, image.name, omit)))


def test_the_same_image_gives_the_same_archive(image: Image) -> None:
    view = archive.whole(image)

    assert b"".join(archive.stream(view, "a:b")) == b"".join(archive.stream(view, "a:b"))


def test_the_lower_layers_are_an_image_of_their_own(image: Image) -> None:
    view = archive.lower(image, 1)

    members = {entry.path: entry.data for entry in archive.entries(view, "localhost/web:part")}
    manifest, config = json.loads(view.manifest), json.loads(view.config)

    validate("image-manifest-schema", manifest)
    validate("config-schema", config)
    assert config["rootfs"]["diff_ids"] == [image.diff_ids[0]]
    assert manifest["layers"] == [image.layers[0].to_json()]
    assert members[f"blobs/{manifest['config']['digest'].replace(':', '/')}"] == view.config
    assert image.layers[0].path in members
    assert image.layers[1].path not in members
