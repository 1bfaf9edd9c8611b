"""Fixtures: the eSDK in $ESDK with our commands, example layer and test layer; it is put back at the end."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .sdk import CASES, EXAMPLES, Place, Sdk

HOW = "set ESDK=<an installed extensible SDK>: bitbake -c populate_sdk_ext <image>, and run the installer"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker("esdk")


@pytest.fixture(scope="session")
def home() -> Iterator[Callable[[str], Path]]:
    """Makes a directory that the SDK's user can reach: pytest's own are closed to others, again and again."""
    with tempfile.TemporaryDirectory(prefix="esdk-tests-") as base:
        os.chmod(base, 0o755)

        def make(name: str) -> Path:
            path = Path(base) / name
            path.mkdir()
            return path

        yield make


@pytest.fixture(scope="session")
def bare(home: Callable[[str], Path]) -> Sdk:
    """The eSDK as it is."""
    if not os.environ.get("ESDK"):
        pytest.skip(HOW)
    return Sdk(Path(os.environ["ESDK"]), home("esdk"))


@pytest.fixture
def as_it_was(bare: Sdk) -> Iterator[None]:
    """Other tests of the session may count on the commands."""
    installed = (bare.path / "lib").exists()
    yield
    if installed:
        bare.install()


@pytest.fixture(scope="session")
def sdk(bare: Sdk) -> Iterator[Sdk]:
    """The eSDK with our commands and both layers."""
    yield from prepared(bare)


@pytest.fixture(scope="session")
def other(home: Callable[[str], Path]) -> Iterator[Sdk]:
    """A second eSDK of the same build, at another path."""
    if not os.environ.get("ESDK2"):
        pytest.skip("set ESDK2=<the same SDK, installed at another path>")
    yield from prepared(Sdk(Path(os.environ["ESDK2"]), home("esdk2")))


def prepared(sdk: Sdk) -> Iterator[Sdk]:
    configuration = sdk.path / "conf/bblayers.conf"
    before = configuration.read_bytes()
    layers = [sdk.copy(EXAMPLES), sdk.copy(CASES)]
    sdk.install()
    try:
        for layer in layers:
            sdk.bitbake(f"bitbake-layers add-layer {layer}")
        yield sdk
    finally:
        try:
            sdk.reset()
        finally:  # a bitbake that hangs must not leave our layers behind
            configuration.write_bytes(before)
            sdk.install("uninstall")


def checkouts() -> list[str]:
    return [path for path in os.environ.get("OE_CORE", "").split(":") if path]


@pytest.fixture(
    scope="session", params=checkouts() or [""], ids=lambda path: os.path.basename(path) or "none"
)
def build_directory(request: pytest.FixtureRequest, home: Callable[[str], Path]) -> Iterator[Place]:
    """A plain build directory of an OE-Core checkout, with our commands."""
    if not request.param:
        pytest.skip("set OE_CORE=<checkout of openembedded-core with bitbake inside>[:<another>...]")
    core = Path(request.param)
    template = next(
        p
        for p in (core / "meta/conf/templates/default", core / "meta/conf")
        if (p / "local.conf.sample").exists()
    )
    build = home(f"build-{core.name}") / "build"
    owner = os.stat(core)
    build.mkdir()
    os.chown(build, owner.st_uid, owner.st_gid)
    bitbake = os.environ.get("BITBAKE", "")
    init = f"export TEMPLATECONF={template}; . {core}/oe-init-build-env {build} {bitbake}"
    place = Place(build, f"{init} >/dev/null", home(f"home-{core.name}"))
    place.ok("true")
    place.install()
    yield place
