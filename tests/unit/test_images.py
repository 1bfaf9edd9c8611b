"""images.py: where images lie, and finding them by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdk_hooks.core import images

from .helpers import fails, make


def test_images_are_kept_where_xdg_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/x")
    assert images.store() == Path("/x/devtool-containers/images")

    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert images.store() == Path("/home/me/.local/share/devtool-containers/images")


def test_a_place_has_the_name_that_meta_virtualization_gives() -> None:
    assert images.place(Path("/d"), "web", "v1:x") == Path("/d/web-v1_x-oci")
    assert images.place(Path("/d"), "web", "latest", "-docker.tar") == Path("/d/web-latest-docker.tar")


def test_an_image_is_found_by_name_and_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = make(tmp_path / "web-v1-oci").image

    assert images.find("web", tmp_path, "v1") == image
    assert images.find(str(tmp_path / "web-v1-oci"), tmp_path / "elsewhere") == image

    monkeypatch.chdir(tmp_path)
    assert images.find("web-v1-oci", tmp_path / "elsewhere").digest == image.digest


@pytest.mark.parametrize("built", [True, False])
def test_an_image_that_is_not_there_is_an_error_that_lists_the_others(tmp_path: Path, built: bool) -> None:
    if built:
        make(tmp_path / "web-v1-oci")
        make(tmp_path / "app-latest-oci")

    with fails(
        "there is no image 'web' with tag 'latest' [no-image]\n"
        f"  images in '{tmp_path}': {'app-latest, web-v1' if built else 'none'}\n"
        "  hint: build it: devtool container-build web"
    ):
        images.find("web", tmp_path)


def test_a_directory_that_is_not_there_has_no_images(tmp_path: Path) -> None:
    with fails(
        "there is no image 'web' with tag 'latest' [no-image]\n"
        f"  images in '{tmp_path}/no': none\n"
        "  hint: build it: devtool container-build web"
    ):
        images.find("web", tmp_path / "no")


def test_a_base_image_of_a_registry_is_to_be_fetched_first(tmp_path: Path) -> None:
    with fails(
        "the base image 'docker://alpine' is not on this machine [no-base]\n"
        "  hint: fetch it: skopeo copy docker://alpine oci:base:latest; then use base"
    ):
        images.base("docker://alpine", tmp_path)
