"""sdk-update in a real eSDK, from a real update server of a later build; what it changes is put back.

ESDK_UPDATE=<an installed eSDK>, ESDK_PUBLISHED=<what oe-publish-sdk made of a later build>,
or of two, with a colon between; ESDK_RECIPE=<a recipe that the last one builds otherwise>.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from unit import gpgkeys

from sdk_hooks.core.sdk.install import SHIM
from sdk_hooks.core.update.journal import BUILDING, State

from .sdk import Done, Sdk

HOME = "lib/devtool-containers/update"


@pytest.fixture(scope="module")
def sdk(home: Callable[[str], Path]) -> Iterator[Sdk]:
    """With our commands; layers and configuration are put back at the end."""
    if not os.environ.get("ESDK_UPDATE"):
        pytest.skip("set ESDK_UPDATE=<an installed eSDK> that may be updated, and what the module says")
    made, parts = Sdk(Path(os.environ["ESDK_UPDATE"]), home("update")), ("layers", "conf")
    before = home("before")
    for part in parts:
        subprocess.run(("cp", "-a", str(made.path / part), str(before)), check=True)
    made.install()
    yield made
    made.reset()
    made.install("uninstall")
    for part in parts:
        shutil.rmtree(made.path / part)
        subprocess.run(("cp", "-a", str(before / part), str(made.path)), check=True)


@pytest.fixture(autouse=True)
def _back(sdk: Sdk) -> Iterator[None]:
    """What a test that failed has left is taken back."""
    yield
    if (sdk.path / HOME / "journal.json").exists():
        update(sdk, "--rollback")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """URL of the later build."""
    *_, directory = os.environ.get("ESDK_PUBLISHED", "").split(":")
    if not directory:
        pytest.skip("set ESDK_PUBLISHED=<what oe-publish-sdk made of a later build of that eSDK>")
    yield from served(directory)


def served(directory: str) -> Iterator[str]:
    argv = (sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", directory)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().split("(")[1].split(")")[0].rstrip("/")
        process.terminate()


@pytest.fixture(scope="module")
def built(sdk: Sdk) -> str:
    """The name of a workspace recipe that is built, with a container of it."""
    name = os.environ.get("ESDK_RECIPE", "")
    if not name:
        pytest.skip("set ESDK_RECIPE=<a recipe that the later build builds otherwise>")
    sdk.modify(name)
    sdk.build(name)
    return name


def snapshot(sdk: Sdk) -> dict[str, str]:
    """Digests of all files of the layers and of the configuration."""
    found = {}
    for part in ("layers", "conf"):
        for folder, directories, names in os.walk(sdk.path / part):
            directories[:] = [name for name in directories if name not in (".git", "__pycache__")]
            for name in names:
                path = Path(folder, name)
                content = os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
                found[str(path.relative_to(sdk.path))] = hashlib.sha256(content).hexdigest()
    return found


def signatures(sdk: str | Path) -> bytes:
    """Those that an SDK is locked to."""
    return Path(sdk, "conf/locked-sigs.inc").read_bytes()


def update(sdk: Sdk, *options: str) -> Done:
    return sdk(" ".join(("devtool sdk-update", *options)), timeout=1200)


def digest(sdk: Sdk, name: str) -> str:
    [layout] = sdk.path.glob(f"tmp/deploy/images/*/{name}-latest-oci/index.json")
    return str(json.loads(layout.read_text())["manifests"][0]["digest"])


def test_help_has_both(sdk: Sdk) -> None:
    text = sdk.ok("devtool sdk-update --help").stdout
    assert all(word in text for word in ("--skip-prepare", "--check", "--rollback", "[updateserver]"))


def test_a_check_changes_nothing(sdk: Sdk, server: str, built: str) -> None:
    before = snapshot(sdk)
    done = update(sdk, server, "--check")
    assert done.status == 10, done
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["-", "sdk", "conf/locked-sigs.inc"] in [row[:3] for row in rows]
    assert [built, "recipe"] in [row[:2] for row in rows]
    steps = update(sdk, server, "--dry-run").stdout
    assert f"devtool sdk-update --skip-prepare {server}" in steps
    assert f"container-build {built}" in steps
    assert snapshot(sdk) == before


def test_an_update_with_a_built_recipe_and_the_way_back(sdk: Sdk, server: str, built: str) -> None:
    """Stock sdk-update exits with 255 here, and forgets which recipes are unlocked."""
    before, image = snapshot(sdk), digest(sdk, built)
    done = update(sdk, server)
    assert done.status == 0, done.stdout + done.stderr
    assert f"of your workspace, to be built again: {built}" in done.told()
    assert digest(sdk, built) != image
    assert signatures(sdk.path) == signatures(os.environ["ESDK_PUBLISHED"].split(":")[-1])
    assert built in (sdk.path / "conf/unlocked-sigs.inc").read_text()
    assert (sdk.path / SHIM).exists()
    assert update(sdk, "--check").status == 0
    sdk.ok(f"devtool build {built}")

    assert update(sdk, "--rollback").status == 0
    assert snapshot(sdk) == before
    assert digest(sdk, built) == image
    assert update(sdk, server, "--check").status == 10


@pytest.mark.parametrize(
    "line", ["updating the SDK", "Cloning into|HEAD is now", "preparing the build", "reading the recipe"]
)
def test_killed_it_is_as_before_or_as_after(sdk: Sdk, server: str, built: str, line: str) -> None:
    before = snapshot(sdk)
    with sdk.start(f"devtool sdk-update {server}") as process:
        assert process.stderr
        assert any(re.search(line, each) for each in process.stderr), line
        time.sleep(0.4)
        os.killpg(process.pid, signal.SIGKILL)

    journal = State(sdk.path / HOME).read()
    if journal is None:
        assert snapshot(sdk) == before
        return
    assert journal.phase in ("preparing", BUILDING)
    after = snapshot(sdk)
    assert after["conf/locked-sigs.inc"] != before["conf/locked-sigs.inc"]
    told = update(sdk, "--check")
    assert told.status == 10
    assert "an update was interrupted: sdk-update goes on with it, --rollback takes it back" in told.stderr
    done = update(sdk)
    assert done.status == 0, done.stdout + done.stderr
    assert (journal.phase == BUILDING) or "preparing the build system" in done.stderr
    assert update(sdk, "--check").status == 0
    assert update(sdk, "--rollback").status == 0
    assert snapshot(sdk) == before


def test_from_one_generation_to_the_next(sdk: Sdk, home: Callable[[str], Path]) -> None:
    """Signed; layers are fetched from the new generation, although git has learnt of the old one."""
    builds = os.environ.get("ESDK_PUBLISHED", "").split(":")
    if len(builds) < 2:
        pytest.skip("set ESDK_PUBLISHED=<one build>:<a later one>")
    place = home("served")
    key = gpgkeys.make(place)
    top = place / "top"
    top.mkdir()
    for number, build in enumerate(builds):
        argv = (sys.executable, "-m", "devtool_plugins", "publish", str(top), "--sdk", build)
        subprocess.run((*argv, "--gpg-key", str(key.secret)), check=True)
        serving = served(str(top))
        url = next(serving)
        done = update(sdk, url, "--key", str(key.public))
        assert done.status == 0, done.stdout + done.stderr
        assert (sdk.path / "conf/locked-sigs.inc").read_bytes() == Path(
            build, "conf/locked-sigs.inc"
        ).read_bytes()
        origin = sdk.ok("git -C layers remote get-url origin").stdout
        assert origin == f"{url}/current/sdk/layers/.git\n"
        assert number or f"{url}/current/sdk/sstate-cache" in (sdk.path / "conf/site.conf").read_text()
        next(serving, None)

    assert update(sdk, "--rollback").status == 0
    assert (sdk.path / "conf/locked-sigs.inc").read_bytes() == Path(
        builds[0], "conf/locked-sigs.inc"
    ).read_bytes()
