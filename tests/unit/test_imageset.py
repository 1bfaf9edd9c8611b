"""Images of several architectures under one name: put together, read from an index, and pushed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from sdk_hooks.core import images
from sdk_hooks.core.oci import imageset
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.push import registry
from sdk_hooks.image import INDEX, MANIFEST, Descriptor

from .archmaker import built, indexed
from .helpers import fails
from .pushing import Told
from .registrymaker import Registry, quickly, there

__all__ = ["quickly", "there"]


def test_the_index_is_the_same_in_whatever_order_the_images_are(tmp_path: Path) -> None:
    one, two = built(tmp_path / "a", "amd64"), built(tmp_path / "b", "arm", "v7")

    found = imageset.of([one, two])
    assert imageset.of([two, one]).digest == found.digest
    assert json.loads(found.index) == {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [
            {**one.descriptor.to_json(), "platform": {"architecture": "amd64", "os": "linux"}},
            {**two.descriptor.to_json(), "platform": {"architecture": "arm", "os": "linux", "variant": "v7"}},
        ],
    }
    digest = f"sha256:{hashlib.sha256(found.index).hexdigest()}"
    assert found.descriptor == Descriptor(INDEX, digest, len(found.index))
    assert found.architectures == ("amd64", "arm")
    assert [found.on(each) for each in ("amd64", "arm", "riscv64")] == [one, two, None]


def test_one_alone_is_itself(tmp_path: Path) -> None:
    one = built(tmp_path, "amd64")
    assert (imageset.of([one, one]).digest, imageset.read(one.layout).index) == (one.digest, b"")


def test_of_a_machine_no_variant_is_known(tmp_path: Path) -> None:
    newer, older = built(tmp_path / "7", "arm", "v7"), built(tmp_path / "6", "arm", "v6")
    assert imageset.of([newer, older]).on("arm") == older


def test_two_for_one_platform_are_refused(tmp_path: Path) -> None:
    one = built(tmp_path / "a", "amd64")
    other = built(tmp_path / "b", "amd64", name="other")

    with fails(
        "two images of 'localhost/other:latest' are for linux/amd64 [same-architecture]\n"
        f"  {one.layout}\n  {other.layout}\n"
        "  hint: leave one of them out"
    ):
        imageset.of([one, other])


def test_an_index_stays_as_it_is(tmp_path: Path) -> None:
    raw = indexed(tmp_path / "both", built(tmp_path / "a", "amd64"), built(tmp_path / "b", "arm64"))

    found = imageset.read(tmp_path / "both")
    assert found.index == raw
    assert found.architectures == ("amd64", "arm64")
    assert found.name == "localhost/web:latest"
    with fails(
        f"'{tmp_path}/both' has 2 images where one is expected [not-one-image]\n"
        "  hint: build it again, or fetch it again"
    ):
        Layout(tmp_path / "both").image()


def test_what_a_builder_says_about_its_images_is_none(tmp_path: Path) -> None:
    one = built(tmp_path / "a", "amd64")
    note = {**one.descriptor.to_json(), "platform": {"os": "unknown", "architecture": "unknown"}}
    indexed(tmp_path / "x", one, extra=(note,))

    assert Layout(tmp_path / "x").image().digest == one.digest
    assert imageset.read(tmp_path / "x").digest == one.digest


def test_a_layout_without_an_image(tmp_path: Path) -> None:
    indexed(tmp_path / "x")
    with fails(
        f"'{tmp_path}/x' has 0 images where one is expected [not-one-image]\n"
        "  hint: build it again, or fetch it again"
    ):
        imageset.read(tmp_path / "x")


@pytest.mark.parametrize("place", ["arm", "arm/web-latest-oci", "sdk"])
def test_another_sdk_is_found_by_directory_image_or_sdk(tmp_path: Path, place: str) -> None:
    one = built(tmp_path / "own", "amd64")
    two = built(tmp_path / "arm", "arm64")
    built(tmp_path / "sdk/tmp/deploy/images/qemuarm64", "arm64")

    found = images.joined(images.find_set("web", tmp_path / "own"), [tmp_path / place])
    assert found.digest == imageset.of([one, two]).digest


def test_an_image_of_another_name_is_not_it(tmp_path: Path) -> None:
    one, other = built(tmp_path / "own", "amd64"), built(tmp_path, "arm64", name="other")
    assert images.joined(imageset.of([one]), [other.layout]) == imageset.of([one])


def test_all_of_them_are_pushed_and_the_index_last(there: Registry, tmp_path: Path) -> None:
    one, two = built(tmp_path / "a", "amd64"), built(tmp_path / "b", "arm64")
    found = imageset.of([one, two])
    place = registry.parse(f"{there.url}/team")

    pushed = registry.push_set(found, place, Told())

    assert pushed.reference == f"{there.name}/team/web@{found.digest}"
    assert there.manifests["latest"] == there.manifests[found.digest] == (INDEX, found.index)
    assert {there.manifests[each.digest][0] for each in (one, two)} == {MANIFEST}
    wanted = {blob.digest for each in (one, two) for blob in (each.config_descriptor, *each.layers)}
    assert set(there.blobs) == wanted
    assert there.asked[-1] == "PUT manifests/latest"
    there.asked.clear()
    assert registry.push_set(found, place, Told()) == (pushed.reference, 0, 0)
    assert not [each for each in there.asked if each.startswith("PUT")]


def test_an_index_that_is_refused_leaves_the_tag_alone(there: Registry, tmp_path: Path) -> None:
    found = imageset.of([built(tmp_path / "a", "amd64"), built(tmp_path / "b", "arm64")])
    there.fail("PUT manifests/latest", lambda handler: handler.answer(400, b"no lists here"))

    with fails(
        f"the registry '{there.name}' did not take the image index [registry-refused]\n"
        "  it answers 400 Bad Request"
    ):
        registry.push_set(found, registry.parse(f"{there.url}/team"), Told())
    assert "latest" not in there.manifests
