"""container.lock of a workspace recipe in a real eSDK: good again, and in the same SDK at another path."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sdk_hooks.core.bom import lockfile
from sdk_hooks.core.bom.lock import Lock

from .sdk import Sdk


@pytest.fixture(scope="module")
def path(sdk: Sdk) -> Path:
    """The lock of greet."""
    sdk.modify("greet")
    sdk.build("greet", "--lock")
    return sdk.sources("greet") / "container.lock"


@pytest.fixture
def lock(path: Path) -> Lock:
    return lockfile.load(path)


def test_it_has_every_package_and_the_revision(sdk: Sdk, lock: Lock) -> None:
    packages = {each.name: each for each in lock.packages}
    head = sdk.ok(f"git -C {sdk.sources('greet')} rev-parse HEAD").stdout.strip()

    assert {"greet", "libgreeting1"} <= packages.keys()
    assert packages["greet"].version == "1.0-r0"
    below = [each for each in lock.packages if each.source != "greet"]
    assert below
    assert all(each.digest.startswith("sha256:") and each.path for each in below), below
    assert lock.sources.tree and lock.sources.tree.commit == head
    assert not lock.sources.tree.dirty


def test_it_has_no_path_of_this_machine(sdk: Sdk, path: Path) -> None:
    assert str(sdk.path) not in path.read_text()
    assert sdk.owner.pw_dir not in path.read_text()


def test_it_is_good_again(sdk: Sdk, path: Path, lock: Lock) -> None:
    image, told = sdk.build("greet", "--locked")

    assert image.digest == lock.image
    assert f"building what '{path}' says: {lock.counted}\n" in told


def test_an_edit_is_refused_before_bitbake_runs(sdk: Sdk, path: Path) -> None:
    sdk.edit("greet", "greeting.c", lambda text: text.replace("hello", "welcome"))
    try:
        said = sdk.fails("greet", "--locked")
    finally:
        sdk.edit("greet", "greeting.c", lambda text: text.replace("welcome", "hello"))

    assert said == (
        "ERROR: there are changes in the sources that are not committed, and so not in the lock [dirty]\n"
        "  hint: see git status: commit or stash them, or build without --locked"
    )


def test_it_is_good_in_another_sdk(path: Path, lock: Lock, other: Sdk) -> None:
    other.modify("greet")
    shutil.copy(path, other.sources("greet"))
    image, _ = other.build("greet", "--locked")

    assert image.digest == lock.image
