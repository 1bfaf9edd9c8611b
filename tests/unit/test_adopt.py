"""adopt.py: images of other people's tools, as targets are sent them."""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sdk_hooks.core import images
from sdk_hooks.core.oci import adopt, archive, imageset
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.paths import cache_directory
from sdk_hooks.image import DOCKER_INDEX, DOCKER_MANIFEST, MANIFEST, SETTINGS, Image
from sdk_hooks.output import write_file

from .basemaker import SYSTEM, Maker, needs_zstd, tar, zstd
from .helpers import fails, file, make
from .test_build import check


@pytest.fixture
def maker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Maker:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Maker(tmp_path / "theirs")


def found(place: str) -> Image:
    return images.find(place, Path("/nowhere"))


@pytest.mark.parametrize("pack", [gzip.compress, pytest.param(zstd, marks=needs_zstd)])
def test_compressed_layers_become_plain_ones(maker: Maker, pack: Callable[[bytes], bytes]) -> None:
    theirs = found(maker.index(maker.image(SYSTEM, tar(file("two")), pack=pack, User="www")))
    ours = adopt.plain(theirs)

    check(ours)
    assert [ours.blob(layer).read_bytes() for layer in ours.layers] == [SYSTEM, tar(file("two"))]
    assert (ours.name, ours.config) == (theirs.name, theirs.config)
    assert adopt.plain(ours) is ours
    assert adopt.plain(theirs) == ours


def test_an_image_as_it_is_sent_is_not_copied(tmp_path: Path, maker: Maker) -> None:
    built = make(tmp_path / "web-latest-oci", file("bin/web", b"#!", 0o755)).image
    assert adopt.plain(built) is built
    assert not (cache_directory() / "images").exists()


def test_what_is_noted_of_an_image_stays(tmp_path: Path, maker: Maker) -> None:
    """How our own one is run, when somebody has compressed it."""
    built = make(tmp_path / "web-latest-oci", file("bin/web", b"#!", 0o755)).image
    packed = Layout(tmp_path / "packed")
    packed.create()
    layers = [packed.add([gzip.compress(built.blob(each).read_bytes())], "x") for each in built.layers]
    config = packed.add([built.blob(built.config_descriptor).read_bytes()], "x")
    packed.commit_image(built, config, layers)

    assert adopt.plain(packed.image()).manifest["annotations"] == {
        SETTINGS: built.manifest["annotations"][SETTINGS]
    }


@pytest.mark.parametrize("listed", [False, True])
def test_dockers_names_for_manifests_are_known(maker: Maker, listed: bool) -> None:
    entry = {**maker.image(SYSTEM), "mediaType": DOCKER_MANIFEST}
    if listed:
        entry = maker.blob(imageset.to_json({"manifests": [entry]}), DOCKER_INDEX)
    ours = adopt.plain(found(maker.index(entry)))

    check(ours)
    assert ours.descriptor.media_type == MANIFEST
    assert imageset.read(maker.path).images == (ours,)


@pytest.mark.parametrize("form", ["oci", "docker"])
def test_archives_are_images_too(tmp_path: Path, maker: Maker, form: str) -> None:
    built = make(tmp_path / "web-latest-oci", file("bin/web", b"#!", 0o755)).image
    pieces = archive.stream(archive.whole(built), built.name, oci=form != "docker", docker=form != "oci")
    write_file(tmp_path / "web.tar", pieces)
    ours = found(f"{tmp_path}/web.tar")

    check(ours)
    assert (ours.name, ours.diff_ids) == (built.name, built.diff_ids)


def test_one_without_a_name_has_that_of_its_archive(tmp_path: Path, maker: Maker) -> None:
    maker.index(maker.image(SYSTEM))
    with tarfile.open(tmp_path / "Web.tar.gz", "w:gz") as packed:
        packed.add(maker.path, ".")
    assert found(f"{tmp_path}/Web.tar.gz").name == "localhost/web:latest"


def test_copies_that_nobody_asks_for_are_forgotten(maker: Maker, tmp_path: Path) -> None:
    first, second = (maker.image(SYSTEM, pack=gzip.compress, User=user) for user in ("1", "2"))
    one = adopt.plain(found(maker.index(first)))
    os.utime(one.layout, (0, time.time() - 31 * 86400))
    two = adopt.plain(found(maker.index(second)))

    assert [path.name for path in (cache_directory() / "images").iterdir()] == [two.layout.name]


def test_a_damaged_layer_is_not_sent(maker: Maker) -> None:
    theirs = found(maker.index(maker.image(SYSTEM, pack=lambda raw: gzip.compress(raw + b"more"))))
    digest, diff_id = hashlib.sha256(SYSTEM + b"more").hexdigest(), theirs.diff_ids[0]
    with fails(
        f"the image '{maker.path}' is damaged [bad-base]\n"
        f"  layer {theirs.layers[0].path} has the digest sha256:{digest}, its config says {diff_id}\n"
        "  hint: fetch it again"
    ):
        adopt.plain(theirs)
    assert not list((cache_directory() / "images").glob("*/index.json"))


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, maker: Maker) -> None:
    (tmp_path / "x.tar").write_text("text")
    with fails(
        f"'{tmp_path}/x.tar' is neither a layout nor an archive [no-base]\n"
        "  hint: make one of an image: skopeo copy docker://IMAGE oci:DIR"
    ):
        found(f"{tmp_path}/x.tar")


@pytest.mark.parametrize("name", ["none.tar", "none"])
def test_a_path_where_nothing_is_is_told(tmp_path: Path, name: str) -> None:
    with fails(
        f"there is no '{tmp_path}/{name}' [no-image]\n"
        "  hint: give the directory of an OCI layout, a .tar archive, or the name of a built image"
    ):
        found(f"{tmp_path}/{name}")
