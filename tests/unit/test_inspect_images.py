"""container-inspect of images in every form, and of what is wrong with them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from sdk_hooks.core.bom import inspection, record
from sdk_hooks.core.disk import to_json
from sdk_hooks.core.oci import archive
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.image import MANIFEST
from sdk_hooks.output import write_file

from .basemaker import PROGRAM, Maker, tar
from .helpers import fails, file, make
from .inspectmaker import debian, refused, said


def test_an_image_without_packages_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    maker = Maker(tmp_path / "img")
    maker.index(maker.image(tar(file("app", b"x")), config={}))
    error = refused(capsys, tmp_path / "img", "--why", "app")

    assert error == (
        "error: the image has no package 'app' [no-package]\n"
        "  nothing says which packages it has\n"
        "  hint: if it is a file: --why /app\n"
    )
    assert said(capsys, tmp_path / "img", "--packages") == "1 file of no package, 1 B\n"


def test_images_are_found_by_name_and_tag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(tmp_path / "web-1_oci", name="web")
    make(tmp_path / "web-1-oci", name="web", spec=Spec(tag="1"))

    assert "image       localhost/web:1\n" in said(capsys, "web:1", "-o", tmp_path)
    assert refused(capsys, "web", "-o", tmp_path) == (
        "error: there is no image 'web' with tag 'latest' [no-image]\n"
        f"  images in '{tmp_path}': web-1\n"
        "  hint: build it: devtool container-build web\n"
    )


@pytest.mark.parametrize("form", ["oci", "docker", "gz"])
def test_an_archive_has_the_same_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    image = make(tmp_path / "img", file(*PROGRAM), file("etc/x", b"1")).image
    pieces = archive.stream(archive.whole(image), image.name, oci=form != "docker", docker=form != "oci")
    path = tmp_path / "img.tar"
    write_file(path, [gzip.compress(b"".join(pieces))] if form == "gz" else pieces)

    def but_the_digest(place: Path) -> list[str]:
        text = said(capsys, place, "--files") + said(capsys, place)
        return [line for line in text.splitlines() if not line.startswith("digest")]

    assert but_the_digest(path) == but_the_digest(image.layout)


def test_layers_may_be_compressed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    maker = Maker(tmp_path / "img")
    layer = tar(file("x", bytes(3_000_000)))
    maker.index(maker.image(layer, pack=gzip.compress))
    found = inspection.read(str(tmp_path / "img"))

    assert (found.layers[0].size, found.size) == (len(layer), 3_000_000)


def test_what_a_build_kept_is_better_than_a_database(tmp_path: Path) -> None:
    built = make(
        tmp_path / "web-latest-oci",
        file(*PROGRAM),
        file("etc/x", b"1"),
        spec=Spec(base=str(debian(tmp_path / "b"))),
    )
    record.save(built.image, built.record)
    found = inspection.read(str(built.image.layout))

    assert {each.component.name for each in found.packages} == {"web", "libfoo1", "libc6", "dash"}
    assert [each.name for each in built.record.below] == ["web", "libfoo1", "libc6", "dash"]
    assert {each.component.kind for each in found.packages} == {"deb"}


def test_one_image_of_several_is_chosen_by_platform(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    maker = Maker(tmp_path / "img")
    images = [maker.image(tar(file(name)), platform=name) for name in ("amd64", "arm64")]
    maker.index(*images)

    assert "platform  linux/arm64\n" in said(capsys, tmp_path / "img", "--platform", "linux/arm64")
    assert refused(capsys, tmp_path / "img") == (
        f"error: '{tmp_path}/img' has 2 images where one is expected [no-base]\n"
        "  it has: linux/amd64, linux/arm64\n"
        "  hint: say which: --platform linux/arm64\n"
    )
    assert refused(capsys, tmp_path / "img", "--platform", "arm") == (
        "error: --platform is 'arm' [usage]\n  hint: write it like linux/arm64 or linux/arm/v7\n"
    )


def test_a_damaged_layer_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    maker = Maker(tmp_path / "img")
    maker.index(maker.image(b"no tar " * 200))
    name = next(iter(inspection_names(maker)))

    assert refused(capsys, tmp_path / "img") == (
        f"error: the image '{tmp_path}/img' is damaged [bad-base]\n"
        f"  layer blobs/sha256/{name}: invalid header\n  hint: fetch it again\n"
    )


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ({"architecture": 5}, "'architecture' of its config is '5'"),
        ({"config": "x"}, "'config' of its config is 'x'"),
        ({"config": {"Env": "A=1"}}, "'Env' of its config is 'A=1'"),
        ({"history": [7]}, "'history' of its config is '7'"),
    ],
)
def test_a_config_of_the_wrong_shape_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], part: dict[str, object], why: str
) -> None:
    maker = Maker(tmp_path / "img")
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"diff_ids": []}, **part}
    manifest = {"schemaVersion": 2, "config": maker.blob(to_json(config)), "layers": []}
    maker.index(maker.blob(to_json(manifest), MANIFEST))

    assert refused(capsys, maker.path) == (
        f"error: the image '{maker.path}' is damaged [bad-base]\n  {why}\n  hint: fetch it again\n"
    )


def test_parts_of_a_config_may_be_null(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As Go writes what is not set."""
    maker = Maker(tmp_path / "img")
    null = {
        "variant": None,
        "history": None,
        "config": {"Env": None, "Cmd": None, "Labels": None, "Volumes": {}},
    }
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"diff_ids": []}, **null}
    manifest = {"schemaVersion": 2, "config": maker.blob(to_json(config)), "layers": []}
    maker.index(maker.blob(to_json(manifest), MANIFEST))

    assert said(capsys, maker.path).splitlines()[3:] == [
        "size      0 B in 0 files",
        "",
        "LAYER  DIGEST  SIZE  FILES  HIDDEN  WHAT",
        "",
        "0 files of no package, 0 B",
    ]


def test_a_missing_layer_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = debian(tmp_path / "img")
    blob = f"blobs/sha256/{inspection.read(str(image)).layers[1].digest[7:]}"
    (image / blob).unlink()

    assert refused(capsys, image) == (
        f"error: the image '{image}' is damaged [bad-base]\n  layer {blob} is missing\n"
        "  hint: fetch it again\n"
    )


def inspection_names(maker: Maker) -> list[str]:
    return [
        path.name for path in (maker.path / "blobs/sha256").iterdir() if path.read_bytes()[:6] == b"no tar"
    ]


def test_texts_of_an_image_do_nothing_to_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    maker = Maker(tmp_path / "img")
    maker.index(maker.image(tar(file("a\x1b[31m\n", b"x")), User="\x1b]0;x\x07", Env=["A=1\n2"]))
    text = said(capsys, tmp_path / "img") + said(capsys, tmp_path / "img", "--files")

    assert "\x1b" not in text
    assert "user      \\x1b]0;x\\x07\nenv A     1\\x0a2\n" in text
    assert "/a\\x1b[31m\\x0a\n" in text


def test_an_unnamed_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello " * 1000)
    with fails(
        f"'{tmp_path}/text' is neither a layout nor an archive [no-base]\n"
        "  hint: make one of an image: skopeo copy docker://IMAGE oci:DIR"
    ):
        inspection.read(str(tmp_path / "text"))
