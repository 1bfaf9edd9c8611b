"""Somebody else's distribution, installed beside ours, is used through the real command."""

import subprocess
import sys
from pathlib import Path

import pytest

from .place import Place
from .tester import REPOSITORY, Cli

pytestmark = pytest.mark.integration
PLUGIN = REPOSITORY / "tests/thirdparty/crun-debug"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the distribution installed."""
    place = tmp_path_factory.mktemp("site")
    argv = (
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--target",
        place,
        PLUGIN,
    )
    subprocess.run(argv, check=True)
    return place


@pytest.fixture
def stranger(cli: Cli, site: Path) -> Cli:
    """The command of somebody who has installed the distribution."""
    made = Cli(cli.home)
    made.environment["PYTHONPATH"] = str(site)
    return made


def test_it_is_listed(stranger: Cli) -> None:
    done = stranger("list")

    assert "runtime.crun-debug" in done.stdout
    assert [line.split() for line in done.stdout.splitlines() if "crun-debug" in line] == [
        ["runtime.crun-debug", "sdk-hooks-crun-debug", "ok"]
    ]


def test_it_runs_a_container(stranger: Cli, crun: Place, store: Path) -> None:
    target = (crun.board.alias, "--ssh-config", crun.board.ssh_config)
    done = stranger(
        "container-deploy", "hello-http", *target, "-o", str(store / "v1"), "--runtime", "crun-debug"
    )

    assert done.status == 0, done.stderr
    assert crun.board.run(("test", "-e", "/tmp/crun-debug.log")).returncode == 0


def test_without_it_the_name_is_unknown(cli: Cli, crun: Place, store: Path) -> None:
    target = (crun.board.alias, "--ssh-config", crun.board.ssh_config)
    done = cli("container-deploy", "hello-http", *target, "-o", str(store / "v1"), "--runtime", "crun-debug")

    assert done.status == 1
    assert "no runtime is named 'crun-debug' [unknown-plugin]" in done.stderr


def test_it_comes_along_into_an_sdk(stranger: Cli, tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/bblayers.conf").touch()
    done = stranger("install", str(tmp_path))

    assert done.status == 0, done.stderr
    assert (tmp_path / "lib/devtool-containers/site/sdk_crun_debug.py").exists()
