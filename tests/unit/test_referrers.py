"""The layout that has an image with all that refers to it."""

from __future__ import annotations

import base64
import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from sdk_hooks.core import build
from sdk_hooks.core.bom import openssl, publish
from sdk_hooks.core.bom.places import REFERRERS, beside
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.image import Image, descriptor

from .helpers import make, source
from .schemas import validate
from .supplies import key_pair, published

DOCUMENTS = (".spdx.json", ".cdx.json", ".provenance.json")


def image_of(top: Path, epoch: int = 1000, **more: Any) -> Image:
    return published(make(top / "web-latest-oci", epoch=epoch), **more).image


def entries(image: Image) -> list[dict[str, Any]]:
    """Of the index, each manifest checked against the image-spec's schema and its name."""
    layout = beside(image.layout, REFERRERS)
    index = json.loads((layout / "index.json").read_bytes())
    validate("image-index-schema", index)
    for entry in index["manifests"]:
        validate("image-manifest-schema", manifest(layout, entry))
    return list(index["manifests"])


def manifest(layout: Path, entry: dict[str, Any]) -> Any:
    return json.loads((layout / descriptor(entry).path).read_bytes())


def blobs(layout: Path) -> set[str]:
    return {f"sha256:{name}" for name in os.listdir(layout / "blobs" / "sha256")}


def used(layout: Path) -> set[str]:
    found = set()
    for entry in json.loads((layout / "index.json").read_bytes())["manifests"]:
        inner = manifest(layout, entry)
        found |= {entry["digest"], inner["config"]["digest"], *(each["digest"] for each in inner["layers"])}
    return found


def test_documents_refer_to_the_image_and_are_the_files_beside_it(tmp_path: Path) -> None:
    image = image_of(tmp_path)
    layout = beside(image.layout, REFERRERS)

    first, *others = entries(image)

    assert first["digest"] == image.digest
    assert [each["artifactType"] for each in others] == [
        "application/spdx+json",
        "application/vnd.cyclonedx+json",
        "application/vnd.in-toto+json",
    ]
    for entry, suffix in zip(others, DOCUMENTS, strict=True):
        found = manifest(layout, entry)
        assert found["subject"] == image.descriptor.to_json()
        assert found["artifactType"] == found["layers"][0]["mediaType"] == entry["artifactType"]
        assert found["config"] == {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            "size": 2,
            "data": "e30=",
        }
        blob = layout / descriptor(found["layers"][0]).path
        assert blob.read_bytes() == beside(image.layout, suffix).read_bytes()
        assert found["layers"][0]["annotations"] == {"org.opencontainers.image.title": f"web-latest{suffix}"}
    assert blobs(layout) == used(layout)


def test_the_image_s_own_layout_stays_alone(tmp_path: Path) -> None:
    image = image_of(tmp_path)

    assert len(json.loads((image.layout / "index.json").read_bytes())["manifests"]) == 1
    assert blobs(image.layout) < blobs(beside(image.layout, REFERRERS))


def test_blobs_of_the_image_are_the_same_files(tmp_path: Path) -> None:
    image = image_of(tmp_path)

    for blob in (image.descriptor, image.config_descriptor, *image.layers):
        other = beside(image.layout, REFERRERS) / blob.path
        assert image.blob(blob).samefile(other)


def test_where_there_are_no_links_they_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_link(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", no_link)
    image = image_of(tmp_path)

    other = beside(image.layout, REFERRERS) / image.layers[0].path
    assert not image.blob(image.layers[0]).samefile(other)
    assert image.blob(image.layers[0]).read_bytes() == other.read_bytes()


def test_a_copy_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    image = image_of(tmp_path)
    other = beside(image.layout, REFERRERS) / image.layers[0].path
    other.unlink()
    other.write_bytes(b"half")

    image_of(tmp_path)
    assert other.read_bytes() == image.blob(image.layers[0]).read_bytes()


def test_the_image_in_it_is_found_as_an_image_and_as_a_base(tmp_path: Path) -> None:
    image = image_of(tmp_path)
    layout = beside(image.layout, REFERRERS)

    found = Layout(layout).image()
    above = build.build("top", source(), Spec(base=str(layout), cmd=("x",)), tmp_path / "top-latest-oci", 1)

    assert (found.digest, found.name) == (image.digest, image.name)
    assert above.record.base == image.digest
    assert [each.name for each in above.record.below] == []


def test_nothing_of_the_image_before_stays(tmp_path: Path) -> None:
    image_of(tmp_path)
    image = image_of(tmp_path, epoch=5)

    layout = beside(image.layout, REFERRERS)
    assert blobs(layout) == used(layout)
    assert entries(image)[0]["digest"] == image.digest


def test_without_documents_and_signatures_nothing_is_left(tmp_path: Path) -> None:
    image = image_of(tmp_path)
    assert all(beside(image.layout, suffix).exists() for suffix in (*DOCUMENTS, REFERRERS))

    image_of(tmp_path, sbom=False)

    assert sorted(os.listdir(tmp_path)) == ["web-latest-oci"]


def test_the_same_image_has_the_same_referrers(tmp_path: Path) -> None:
    made = [image_of(tmp_path / name) for name in ("a", "b")]
    umask = os.umask(0o077)
    try:
        made.append(image_of(tmp_path / "c"))
    finally:
        os.umask(umask)

    texts = [(beside(image.layout, REFERRERS) / "index.json").read_bytes() for image in made]
    assert texts[0] == texts[1] == texts[2]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_signatures_have_the_tag_and_the_notes_that_cosign_looks_for(tmp_path: Path) -> None:
    keys = [openssl.private_key(key_pair(tmp_path, name)[0]) for name in ("one", "other")]
    for key in keys:
        image = image_of(tmp_path, key=key, sbom=False)
    layout = beside(image.layout, REFERRERS)

    first, entry = entries(image)

    found = manifest(layout, entry)
    assert first["annotations"]["kind"] == "dev.cosignproject.cosign/image"
    assert entry["annotations"] == {
        "kind": "dev.cosignproject.cosign/sigs",
        "org.opencontainers.image.ref.name": f"sha256-{image.digest[7:]}.sig",
    }
    assert found["subject"] == image.descriptor.to_json()
    assert [each["mediaType"] for each in found["layers"]] == [
        "application/vnd.dev.cosign.simplesigning.v1+json"
    ] * 2
    for key, layer in zip(keys, found["layers"], strict=True):
        payload = (layout / descriptor(layer).path).read_bytes()
        value = base64.b64decode(layer["annotations"]["dev.cosignproject.cosign/signature"])
        assert openssl.good(key.public, payload, value)
    assert blobs(layout) == used(layout)


def test_what_cosign_has_saved_is_one_image(tmp_path: Path) -> None:
    """It tells the kinds apart by a note alone."""
    image = image_of(tmp_path)
    place = beside(image.layout, REFERRERS) / "index.json"
    index = json.loads(place.read_bytes())
    for entry, kind in zip(index["manifests"], ("image", "sigs", "atts", "sigs"), strict=True):
        entry.pop("artifactType", None)
        entry["annotations"] = {"kind": f"dev.cosignproject.cosign/{kind}"}
    place.write_text(json.dumps(index))

    assert Layout(place.parent).image().digest == image.digest


def documents(image: Image) -> list[str]:
    return [suffix for suffix in DOCUMENTS if beside(image.layout, suffix).exists()]


def test_a_build_that_is_cut_short_leaves_no_document_about_the_image_before(tmp_path: Path) -> None:
    before = image_of(tmp_path)
    with pytest.raises(KeyboardInterrupt), publish.all_of_it(before):
        raise KeyboardInterrupt
    assert documents(before) == list(DOCUMENTS)

    now = make(tmp_path / "web-latest-oci", epoch=2000).image
    with pytest.raises(KeyboardInterrupt), publish.all_of_it(now):
        raise KeyboardInterrupt
    assert documents(now) == []
