"""layout.py: image layouts that are whole at every moment."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sdk_hooks.core.disk import replace, to_json, writing
from sdk_hooks.core.oci.layout import Layout, image_name
from sdk_hooks.errors import SdkError
from sdk_hooks.image import LAYER, Descriptor
from sdk_hooks.output import write_file

from .helpers import fails, file, make, root_only

PROGRAM = ("usr/bin/web", b"#!", 0o755)
AGAIN = "\n  hint: build it again, or fetch it again"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "web-latest-oci")
    made.create()
    return made


def everything(top: Path) -> list[str]:
    return sorted(str(path.relative_to(top)) for path in top.rglob("*"))


def test_a_new_layout_has_its_directories_and_its_version(layout: Layout) -> None:
    assert everything(layout.path) == ["blobs", "blobs/sha256", "oci-layout"]
    assert (layout.path / "oci-layout").read_bytes() == b'{"imageLayoutVersion":"1.0.0"}'


def test_what_a_killed_process_left_of_a_new_layout_is_no_stranger(tmp_path: Path) -> None:
    (tmp_path / "x/blobs").mkdir(parents=True)
    (tmp_path / "x/.new-abc").write_text("")

    Layout(tmp_path / "x").create()

    assert (tmp_path / "x/oci-layout").exists()


def test_creating_twice_changes_nothing(layout: Layout) -> None:
    layout.create()

    assert everything(layout.path) == ["blobs", "blobs/sha256", "oci-layout"]


def test_a_directory_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")

    with fails(
        f"'{tmp_path}' is not empty and is not an OCI layout [not-a-layout]\n"
        "  hint: give another directory with -o"
    ):
        Layout(tmp_path).create()


def test_a_file_in_place_of_a_directory_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with fails(
        f"can't write '{tmp_path}/file/below' [unwritable]\n"
        f"  {tmp_path}/file/below/blobs/sha256: Not a directory\n"
        "  hint: give another directory with -o"
    ):
        Layout(tmp_path / "file" / "below").create()


def test_a_blob_has_the_name_of_its_content_and_anybody_may_read_it(layout: Layout) -> None:
    before = os.umask(0o077)
    try:
        blob = layout.add([b"one", b"", b"two"], LAYER)
    finally:
        os.umask(before)

    assert blob == Descriptor(LAYER, f"sha256:{hashlib.sha256(b'onetwo').hexdigest()}", 6)
    assert (layout.path / blob.path).read_bytes() == b"onetwo"
    assert (layout.path / blob.path).stat().st_mode & 0o777 == 0o644
    assert layout.has(blob)
    assert not layout.has(Descriptor(LAYER, blob.digest, 7))
    assert not layout.has(Descriptor(LAYER, "sha256:00", 6))


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SdkError])
def test_what_is_cut_off_leaves_nothing(layout: Layout, error: type[BaseException]) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise error("cut off")

    with pytest.raises(error):
        layout.add(pieces(), LAYER)

    assert os.listdir(layout.path / "blobs" / "sha256") == []

    with pytest.raises(error):
        write_file(layout.path / "image.tar", pieces())

    assert everything(layout.path) == ["blobs", "blobs/sha256", "oci-layout"]


def test_replacing_a_file_fails_whole(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()

    with pytest.raises(IsADirectoryError):
        replace(tmp_path / "there", b"x")

    assert everything(tmp_path) == ["there"]


def test_a_commit_sweeps_what_the_image_does_not_use(tmp_path: Path) -> None:
    place = tmp_path / "web-latest-oci"
    old = make(place, file(*PROGRAM), file("old")).image
    (place / "blobs/sha256/.new-dead").write_text("left by a killed build")

    image = make(place, file(*PROGRAM), file("new")).image

    live = {image.digest, image.config_descriptor.digest, *(layer.digest for layer in image.layers)}
    assert {f"sha256:{name}" for name in os.listdir(place / "blobs/sha256")} == live
    assert old.digest not in live


def test_the_index_names_one_image_with_platform_and_both_names(tmp_path: Path) -> None:
    image = make(tmp_path / "web-latest-oci").image

    assert json.loads((image.layout / "index.json").read_bytes()) == {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": image.digest,
                "size": image.descriptor.size,
                "platform": {"architecture": "amd64", "os": "linux"},
                "annotations": {
                    "org.opencontainers.image.ref.name": "latest",
                    "io.containerd.image.name": "localhost/web:latest",
                },
            }
        ],
    }


def test_a_layout_without_an_image_says_so(layout: Layout) -> None:
    with fails(f"'{layout.path}/index.json' is missing [no-image]\n  hint: build the image first"):
        layout.image()
    assert layout.find() is None


def test_a_layout_with_two_images_is_not_chosen_from(tmp_path: Path) -> None:
    image = make(tmp_path / "x").image
    index = json.loads((tmp_path / "x/index.json").read_bytes())
    index["manifests"] *= 2
    (tmp_path / "x/index.json").write_bytes(to_json(index))

    with fails(f"'{tmp_path}/x' has 2 images where one is expected [not-one-image]{AGAIN}"):
        Layout(tmp_path / "x").image()
    assert Layout(image.layout).find() is None


@pytest.mark.parametrize(
    ("index", "text"),
    [
        ("{", "'{}/index.json' is not valid JSON [bad-layout]\n  Expecting property name"),
        ("[]", "'{}' is not a valid image layout [bad-layout]\n  AttributeError: "),
        ('{"manifests": 5}', "'{}' is not a valid image layout [bad-layout]\n  TypeError: "),
        ('{"manifests": []}', "'{}' has 0 images where one is expected [not-one-image]"),
        (
            '{"manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json"}]}',
            "'{}' is not a valid image layout [bad-layout]\n  KeyError: 'digest'",
        ),
    ],
)
def test_a_damaged_layout_is_an_error_and_can_be_built_into(tmp_path: Path, index: str, text: str) -> None:
    place = tmp_path / "x"
    make(place)
    (place / "index.json").write_text(index)
    with pytest.raises(SdkError) as caught:
        Layout(place).image()
    assert str(caught.value).startswith(text.format(place))
    assert str(caught.value).endswith(AGAIN)
    assert make(place).previous is None


def test_an_index_that_is_a_directory_is_an_error(layout: Layout) -> None:
    (layout.path / "index.json").mkdir()

    with fails(f"can't read '{layout.path}/index.json' [unreadable]\n  Is a directory"):
        layout.image()


@pytest.mark.parametrize(
    ("notes", "name"),
    [
        ({"io.containerd.image.name": "a.b/c:d"}, "a.b/c:d"),
        ({"org.opencontainers.image.ref.name": "v1"}, "localhost/web-v1-oci:v1"),
        ({"org.opencontainers.image.ref.name": "own/name:v1"}, "own/name:v1"),
        ({}, "localhost/web-v1-oci:latest"),
    ],
)
def test_an_image_has_a_full_name_whoever_made_it(notes: dict[str, str], name: str) -> None:
    assert image_name({"annotations": notes}, Path("/x/Web-v1-oci")) == name


BUILD = """
import sys, pathlib
from unit.helpers import file, make
entries = [file("usr/bin/web", b"#!", 0o755), file("x", sys.argv[2].encode() * 300_000)]
for _ in range(5):
    print(make(pathlib.Path(sys.argv[1]), *entries).image.digest)
"""


def test_two_processes_may_build_the_same_image_at_once(tmp_path: Path) -> None:
    """The one that comes second waits: none finds its blobs swept away."""
    place, tests = tmp_path / "x", str(Path(__file__).parent.parent)
    argv = [sys.executable, "-c", BUILD, str(place)]
    environment = {**os.environ, "PYTHONPATH": tests}
    children = [
        subprocess.Popen([*argv, letter], stdout=subprocess.PIPE, text=True, env=environment)
        for letter in "ab"
    ]
    digests = [set(child.communicate()[0].split()) for child in children]

    assert [child.returncode for child in children] == [0, 0]
    assert [len(found) for found in digests] == [1, 1]
    image = Layout(place).image()
    assert {image.digest} in digests
    assert all(image.blob(layer).stat().st_size == layer.size for layer in image.layers)


@root_only
def test_a_full_disk_is_an_error_and_leaves_the_old_image(tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "none", place], check=False)
    if mounted.returncode:
        pytest.skip("this root may not mount")
    try:
        old = make(place / "x").image
        with fails(
            f"no space left to write '{place}/x' [no-space]\n"
            "  hint: free some, or give another directory with -o"
        ):
            make(place / "x", file(*PROGRAM), file("big", bytes(500_000)))

        assert Layout(place / "x").image() == old
        assert not [name for name in everything(place) if ".new-" in name]
        assert make(place / "x", file(*PROGRAM), file("small")).previous == old
    finally:
        subprocess.run(["umount", place], check=True)


def test_other_errors_of_writing_name_the_place() -> None:
    text = "can't write '/x' [unwritable]\n  why\n  hint: give another"
    with fails(text), writing(Path("/x"), "give another"):
        raise OSError("why")


@pytest.mark.parametrize("kept", [[], ["mine"]])
def test_where_no_image_is_made_nothing_is_left(tmp_path: Path, kept: list[str]) -> None:
    layout = Layout(tmp_path / "x")
    with pytest.raises(KeyboardInterrupt), layout.locked():
        layout.add([b"layer"], LAYER)
        for name in kept:
            (layout.path / name).touch()
        raise KeyboardInterrupt

    assert [path.name for path in tmp_path.glob("x/*")] == kept
    assert (tmp_path / "x").exists() == bool(kept)


def test_who_waited_for_what_was_taken_away_makes_it_anew(tmp_path: Path) -> None:
    first, second = Layout(tmp_path / "x"), threading.Event()

    def build() -> None:
        second.set()
        with Layout(tmp_path / "x").locked():
            Layout(tmp_path / "x").add([b"layer"], LAYER)

    waiting = threading.Thread(target=build)
    with pytest.raises(SdkError), first.locked():
        waiting.start()
        second.wait(5)
        time.sleep(0.05)  # it waits for the lock
        raise SdkError("refused")
    waiting.join(5)
    assert (tmp_path / "x/oci-layout").exists()
    assert len(list(tmp_path.glob("x/blobs/sha256/*"))) == 1
