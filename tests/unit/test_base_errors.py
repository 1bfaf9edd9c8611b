"""base.py: what is wrong with an image to build on."""

from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from sdk_hooks.core.files.fileset import Merged
from sdk_hooks.core.oci import base as bases
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.errors import SdkError
from sdk_hooks.image import MANIFEST

from .basemaker import SYSTEM, Maker, needs_zstd, on, zstd
from .helpers import as_nobody, fails, root_only


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path / "base")


def test_no_fitting_platform_is_an_error_that_lists_them(maker: Maker, tmp_path: Path) -> None:
    nameless = maker.image(SYSTEM, platform="mips")
    nameless.pop("platform")
    offered = [maker.image(SYSTEM, platform="arm64/v8"), maker.image(SYSTEM, platform="arm/v7")]
    base = maker.index(*offered)

    with fails(
        f"'{base}' has 0 images for linux/amd64 where one is expected [no-base]\n"
        "  it has: linux/arm64/v8, linux/arm/v7\n  hint: give one for linux/amd64"
    ):
        on(base, tmp_path)

    with fails(
        f"'{maker.index(*offered, nameless, nameless)}' has 2 images for linux/amd64 where one is expected"
        " [no-base]\n"
        "  it has: linux/arm64/v8, linux/arm/v7, one that names no platform, one that names no platform\n"
        "  hint: give one for linux/amd64"
    ):
        on(base, tmp_path)


def test_a_base_of_another_architecture_is_an_error(maker: Maker, tmp_path: Path) -> None:
    base = maker.index(maker.image(SYSTEM, platform="arm64/v8"))

    with fails(
        f"the base image '{base}' is for linux/arm64/v8, the application is for linux/amd64"
        " [mixed-architectures]\n"
        "  hint: give a base image for linux/amd64"
    ):
        on(base, tmp_path)


def test_what_is_no_image_is_an_error(tmp_path: Path) -> None:
    with fails(
        f"there is no base image at '{tmp_path}/no' [no-base]\n  hint: give a layout directory or an archive"
    ):
        on(f"{tmp_path}/no", tmp_path)

    (tmp_path / "empty").mkdir()
    with fails(
        f"'{tmp_path}/empty' has neither an index.json nor a manifest.json [no-base]\n"
        "  hint: make one of an image: skopeo copy docker://IMAGE oci:DIR"
    ):
        on(f"{tmp_path}/empty", tmp_path)

    (tmp_path / "text").write_text("hello " * 1000)
    with fails(
        f"'{tmp_path}/text' is neither a layout nor an archive [no-base]\n"
        "  hint: make one of an image: skopeo copy docker://IMAGE oci:DIR"
    ):
        on(f"{tmp_path}/text", tmp_path)


def damaged(base: str, why: str) -> Any:
    return fails(f"the image '{base}' is damaged [bad-base]\n  {why}\n  hint: fetch it again")


def test_a_layer_that_is_not_what_the_config_says_is_an_error(maker: Maker, tmp_path: Path) -> None:
    base = maker.index(maker.image(SYSTEM, pack=lambda raw: raw + bytes(512)))
    packed = hashlib.sha256(SYSTEM + bytes(512)).hexdigest()

    with damaged(
        base,
        f"layer blobs/sha256/{packed} has the digest sha256:{packed}, "
        f"its config says sha256:{hashlib.sha256(SYSTEM).hexdigest()}",
    ):
        on(base, tmp_path)


def test_a_gzip_layer_that_ends_early_is_an_error_and_leaves_nothing(maker: Maker, tmp_path: Path) -> None:
    cut = gzip.compress(SYSTEM)[:-20]
    base = maker.index(maker.image(SYSTEM, pack=lambda raw: cut))

    with damaged(
        base,
        f"layer blobs/sha256/{hashlib.sha256(cut).hexdigest()}: "
        "Compressed file ended before the end-of-stream marker was reached",
    ):
        on(base, tmp_path)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("end", [b"\xff" * 99, b""])
def test_a_gzip_layer_of_nonsense_is_an_error(maker: Maker, tmp_path: Path, end: bytes) -> None:
    base = maker.index(maker.image(SYSTEM, pack=lambda raw: gzip.compress(raw)[:12] + end))

    with pytest.raises(SdkError, match=r"^the image '.*' is damaged"):
        on(base, tmp_path)


def test_a_layer_that_is_no_tar_is_an_error(maker: Maker, tmp_path: Path) -> None:
    raw = b"this is not a tar archive " * 100
    base = maker.index(maker.image(raw))

    with damaged(base, f"layer {hashlib.sha256(raw).hexdigest()}: invalid header"):
        on(base, tmp_path)


@needs_zstd
def test_a_damaged_zstd_layer_is_an_error(maker: Maker, tmp_path: Path) -> None:
    base = maker.index(maker.image(SYSTEM, pack=lambda raw: zstd(raw)[:-9]))

    with pytest.raises(SdkError, match=r"^the image .* is damaged \[bad-base\]\n  layer .*premature end"):
        on(base, tmp_path)


def test_a_changed_blob_is_noticed(maker: Maker, tmp_path: Path) -> None:
    entry = maker.image(SYSTEM)
    base = maker.index(entry)
    path = f"blobs/sha256/{entry['digest'][7:]}"
    (maker.path / path).write_bytes((maker.path / path).read_bytes() + b" ")

    with fails(f"the blob '{path}' of the image is damaged [bad-base]\n  hint: fetch it again"):
        on(base, tmp_path)


def test_a_missing_blob_is_said(maker: Maker, tmp_path: Path) -> None:
    entry = maker.image(SYSTEM)
    base = maker.index(entry)
    (maker.path / f"blobs/sha256/{entry['digest'][7:]}").unlink()

    with damaged(
        base,
        "FileNotFoundError: [Errno 2] No such file or directory: "
        f"'{maker.path}/blobs/sha256/{entry['digest'][7:]}'",
    ):
        on(base, tmp_path)


def test_a_digest_that_leads_out_of_the_layout_is_refused(maker: Maker, tmp_path: Path) -> None:
    for digest in ("sha256:../../x", "sha512:00", "x"):
        base = maker.index({"mediaType": MANIFEST, "digest": digest, "size": 1})

        with fails(f"'{digest}' in the image is not a sha256 digest [bad-base]\n  hint: fetch it again"):
            on(base, tmp_path)


@pytest.mark.parametrize(
    ("index", "why"),
    [
        ("{}", "KeyError: 'manifests'"),
        ("[]", "TypeError: list indices must be integers or slices, not str"),
        ("{", "JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ('{"manifests": [{}]}', "KeyError: 'digest'"),
    ],
)
def test_an_index_of_the_wrong_shape_is_an_error(maker: Maker, tmp_path: Path, index: str, why: str) -> None:
    (maker.path / "index.json").write_text(index)

    with damaged(str(maker.path), why):
        on(str(maker.path), tmp_path)


@root_only
def test_an_archive_that_may_not_be_read_is_an_error() -> None:
    path = Path(f"/tmp/devtool-containers-base-{os.getpid()}")
    path.write_bytes(SYSTEM)
    path.chmod(0o600)
    try:
        with as_nobody(), fails(f"can't read '{path}' [unreadable]\n  Permission denied"):
            bases.read(str(path), None, Layout(Path("/nowhere")), Merged())
    finally:
        path.unlink()
