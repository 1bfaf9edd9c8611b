"""The layer for publishers: in a build's devtool, and in an eSDK that was built with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .sdk import Sdk
from .test_install import COMMANDS, WARNING, group


@pytest.fixture
def layer(bare: Sdk, tmp_path: Path) -> Path:
    path = bare.home / "meta-devtool-containers"
    bare.ok(f"cd {bare.home}; {sys.executable} -m devtool_plugins install --layer {path}")
    return path


@pytest.mark.usefixtures("as_it_was")
def test_adding_the_layer_gives_the_commands(bare: Sdk, layer: Path) -> None:
    configuration = bare.path / "conf/bblayers.conf"
    before = configuration.read_bytes()
    bare.install("uninstall")
    try:
        added = bare.bitbake(f"bitbake-layers add-layer {layer}; bitbake-layers show-layers")
        told = bare.ok("devtool --help")
    finally:
        configuration.write_bytes(before)

    assert group(told.stdout) == COMMANDS
    for done in (added, told):
        assert "WARNING" not in done.stdout + done.stderr


@pytest.mark.usefixtures("as_it_was")
def test_installed_as_well_the_commands_are_there_once(bare: Sdk, layer: Path) -> None:
    configuration = bare.path / "conf/bblayers.conf"
    before = configuration.read_bytes()
    bare.install()
    try:
        bare.bitbake(f"bitbake-layers add-layer {layer}")
        told = bare.ok("devtool --help")
    finally:
        configuration.write_bytes(before)
        bare.install("uninstall")

    assert group(told.stdout) == COMMANDS
    assert WARNING not in told.stdout + told.stderr


def test_an_esdk_that_was_built_with_the_layer_has_the_commands(home: Callable[[str], Path]) -> None:
    path = os.environ.get("ESDK_WITH_LAYER")
    if not path:
        pytest.skip("set ESDK_WITH_LAYER=<eSDK of a build that has the layer of `install --layer`>")
    sdk = Sdk(Path(path), home("published"))
    assert not (sdk.path / "lib").exists()
    assert group(sdk.ok("devtool --help").stdout) == COMMANDS
    assert "usage: devtool container-build" in sdk.ok("devtool container-build --help").stdout
