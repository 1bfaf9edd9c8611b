"""install.py: the layer for who publishes eSDKs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdk_hooks.core.sdk import install as sdk_install

from . import test_install
from .test_install import ALL, install, register, snapshot, told

build = test_install.build  # the fixture


def test_the_layer(tmp_path: Path) -> None:
    top = tmp_path / "layer"
    site = install(top, "--layer")
    made = {str(path.relative_to(top)) for path in top.rglob("*") if site not in path.parents}
    assert made == {
        "README.md",
        "conf",
        "conf/layer.conf",
        "lib",
        "lib/devtool",
        "lib/devtool-containers",
        "lib/devtool-containers/site",
        "lib/devtool/devtool_containers_shim.py",
    }
    assert 'BBPATH .= ":${LAYERDIR}"' in (top / "conf/layer.conf").read_text()
    assert register(top / sdk_install.SHIM).stdout == ALL


def test_the_layer_again_is_the_same(tmp_path: Path) -> None:
    install(tmp_path / "layer", "--layer")
    before = snapshot(tmp_path)
    install(tmp_path / "layer", "--layer")
    assert snapshot(tmp_path) == before


def test_the_layer_takes_no_directory_with_other_things(
    build: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = snapshot(build)
    assert told(capsys, 1, "install", "--layer", str(build)) == (
        f"error: '{build}' is not empty, and is not a layer that was made here [not-a-layer]\n"
        "  hint: give another directory\n"
    )
    assert snapshot(build) == before
