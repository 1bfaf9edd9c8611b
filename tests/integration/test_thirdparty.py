"""Somebody else's distribution, installed beside ours, is used through the real command."""

import subprocess
import sys
from collections.abc import Callable
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


@pytest.mark.parametrize("stack", ["podman", "podman-user"])
def test_podman_is_set_up_for_it(stranger: Cli, at: Callable[[str], Place], store: Path, stack: str) -> None:
    """It has no entry in containers.conf, root's or the login's own, until --setup makes one."""
    place = at(stack)
    words = ("container-deploy", "plain", place.alias, *place.ssh, "-o", str(store / "v1"))
    done = stranger(*words, "--runtime", "crun-debug")
    assert (done.status, place.normal(done.stderr)) == (
        1,
        "error: podman on 'BOARD' can't use the runtime 'crun-debug' [unknown-runtime]\n"
        "  its containers.conf has no entry for crun-debug\n"
        "  hint: let it be set up there: --setup; "
        "or choose another one with --runtime, or another stack with --stack\n",
    )
    home = "/home/user/.config" if place.user else "/etc"
    file = f"{home}/containers/containers.conf.d/50-devtool-containers-crun-debug.conf"
    assert place.sh(f"ls {file} 2>/dev/null || echo none") == "none\n"

    done = stranger(*words, "--runtime", "crun-debug", "--setup")
    assert done.status == 0, done.stderr
    assert place.facts()["version"] == "v1"
    assert place.sh("podman inspect --format '{{.OCIRuntime}}' plain") == "crun-debug\n"
    assert '"/usr/bin/crun"' in place.sh(f"cat {file}")

    undone = place.undeploy("plain", "--undo-setup")
    assert place.normal(undone.stderr) == "BOARD: podman is no longer set up for crun-debug\n"
    assert place.sh(f"ls {file} 2>/dev/null || echo none") == "none\n"


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
