"""unpack.py, and the script that puts layers together on targets without overlayfs: nothing leads out."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from sdk_hooks.core.deploy.resource import script
from sdk_hooks.core.files.fileset import HARDLINK, SYMLINK, Entry
from sdk_hooks.core.oci import unpack
from sdk_hooks.errors import SdkError

from .basemaker import tar
from .helpers import fails, file, folder, write

SCRIPT = Path(__file__).parents[2] / "plugins/stacks/none-run.sh"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    return write(tmp_path / "outside", {"precious": "mine"})


def unpacked(tmp_path: Path, *layers: bytes) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    for number, raw in enumerate(layers):
        (tmp_path / f"{number}").write_bytes(raw)
        unpack.layer(tmp_path / f"{number}", root)
    return root


@pytest.mark.parametrize(
    "above",
    [
        [file("d/precious", b"bad")],
        [file("d/.wh.precious")],
        [file("d/.wh..wh..opq")],
        [folder("d"), file("d/new")],
        [Entry("d/deep/er", SYMLINK, 0o777, link="x")],
    ],
)
def test_a_directory_takes_the_place_of_a_link_out_of_the_root(
    tmp_path: Path, outside: Path, above: list[Entry]
) -> None:
    root = unpacked(tmp_path, tar(Entry("d", SYMLINK, 0o777, link=str(outside))), tar(*above))

    assert not (root / "d").is_symlink()
    assert [path.name for path in outside.iterdir()] == ["precious"]
    assert (outside / "precious").read_text() == "mine"


def test_a_hard_link_does_not_reach_out_of_the_root(tmp_path: Path, outside: Path) -> None:
    low = tar(Entry("d", SYMLINK, 0o777, link=str(outside)))

    with pytest.raises(SdkError, match="can't unpack the image"):
        unpacked(tmp_path, low, tar(Entry("mine", HARDLINK, 0o644, link="d/precious")))

    assert (outside / "precious").stat().st_nlink == 1


def test_a_name_with_dots_is_refused(tmp_path: Path) -> None:
    with fails(f"a layer of the image leads out of it [unpack-failed]\n  {tmp_path}/0"):
        unpacked(tmp_path, tar(file("../precious")))


def test_what_a_layer_deletes_is_gone_and_what_it_brings_is_there(tmp_path: Path) -> None:
    root = unpacked(
        tmp_path, tar(file("a/x"), file("b/y")), tar(file("a/.wh.x"), file("b/.wh..wh..opq"), file("b/z"))
    )

    assert sorted(os.listdir(root / "a") + os.listdir(root / "b")) == ["z"]


def test_nobody_else_gets_at_the_layers_of_a_target(tmp_path: Path) -> None:
    """What is setuid in them would be for every login, where the directory above lets others in."""
    layers, raw = tmp_path / "layers", tar(file("bin/su", b"x", mode=0o4755))
    layers.mkdir(mode=0o755)
    place, digest = str(layers / "sha256-1"), hashlib.sha256(raw).hexdigest()
    text = script("unpack.sh", LAYER=place, DIGEST=digest, FRESH=f"{layers}/.new-1")
    subprocess.run(("sh", "-c", text), input=raw, check=True, umask=0)

    modes = [each.stat().st_mode & 0o7777 for each in (layers, layers / "sha256-1")]
    assert modes == [0o700, 0o755]
    assert os.listdir(layers) == ["sha256-1"]


def test_a_target_without_overlayfs_copies_layers_and_follows_no_link_out(
    tmp_path: Path, outside: Path
) -> None:
    write(tmp_path / "layers/low", {"d": f"-> {outside}", "kept": "-> usr", "usr/x": "1"})
    write(tmp_path / "layers/high", {"d/precious": "bad", "usr/a*": "2"})
    assert copied(tmp_path, "high:low") == {"d", "d/precious", "kept", "usr", "usr/x", "usr/a*"}
    assert (outside / "precious").read_text() == "mine"


def test_what_an_ordinary_users_layers_delete_is_not_copied(tmp_path: Path) -> None:
    """Only root can make overlayfs' whiteouts: a user's layers have the image-spec's."""
    write(tmp_path / "layers/low", {"a/x": "1", "a/y": "1", "b/.z": "1", "b/z": "1", "c": "1"})
    write(tmp_path / "layers/high", {"a/.wh.x": "", "b/.wh..wh..opq": "", "b/new": "2", ".wh.c": ""})

    assert copied(tmp_path, "high:low") == {"a", "a/y", "b", "b/new"}


def copied(tmp_path: Path, lower: str) -> set[str]:
    """Everything in the root that the script makes of the layers *lower*, the topmost first."""
    functions = "mount() { return 1; }\nrunning() { return 0; }\nconfigure() { :; }\n"
    place = write(tmp_path / "web", {"bundle.json": "{}", "run": SCRIPT.read_text(), "supervise": ""})
    values = f"state={tmp_path}\ndirectory={place}\nlower={lower}\nvolumes=\nowner=0:0\n"
    write(place, {"vars": functions + values})

    subprocess.run(["sh", str(place / "run")], check=True)

    root = place / "bundle/rootfs"
    return {path.relative_to(root).as_posix() for path in root.rglob("*")}
