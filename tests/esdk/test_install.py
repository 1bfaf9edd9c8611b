"""Installs into a real eSDK, breaks it, and takes it away."""

from __future__ import annotations

import os
import re
import shutil
import statistics
from pathlib import Path

import pytest

from .sdk import Place, Sdk

COMMANDS = [
    "container-build",
    "container-deploy",
    "container-undeploy",
    "container-status",
    "container-run",
    "container-test",
    "container-inspect",
    "k8s-deploy",
]
WARNING = "WARNING: the container commands are not available: "


def group(text: str) -> list[str]:
    """Commands that `devtool --help` lists under Containers."""
    section = re.search(r"^  Containers:\n((?:    .*\n)+)", text, re.MULTILINE)
    assert section, text
    return [line.split()[0] for line in section[1].splitlines() if re.match(r"    \S", line)]


def files(top: Path) -> dict[str, int]:
    """Files of the SDK that an install could touch, BitBake's own left out."""
    found = {}
    for directory, folders, names in os.walk(top):
        folders[:] = [
            f
            for f in folders
            if f not in ("tmp", "cache", "sstate-cache", "downloads", "sysroots", "__pycache__")
        ]
        for name in (*folders, *names):
            path = os.path.join(directory, name)
            if not name.startswith(("bitbake", "hashserve")):
                found[path] = 0 if os.path.isdir(path) else os.lstat(path).st_size
    return found


def test_help_has_a_group_with_the_commands(sdk: Sdk) -> None:
    assert group(sdk.ok("devtool --help").stdout) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(sdk: Sdk, command: str) -> None:
    assert f"usage: devtool {command} [-h]" in sdk.ok(f"devtool {command} --help").stdout


@pytest.mark.usefixtures("as_it_was")
def test_install_again_and_uninstall_leave_no_trace(bare: Sdk) -> None:
    bare.install("uninstall")
    bare.ok("devtool status")
    before = files(bare.path)
    bare.install()
    bare.ok("devtool status")
    once = files(bare.path)
    bare.install()
    assert files(bare.path) == once != before
    bare.install("uninstall")
    assert files(bare.path) == before


@pytest.mark.parametrize("harm", ["module gone", "syntax error", "site gone"])
def test_a_broken_install_warns_once_and_devtool_works(bare: Sdk, harm: str) -> None:
    bare.install()
    site = bare.path / "lib/devtool-containers/site"
    if harm == "module gone":
        (site / "devtool_plugins/commands.py").unlink()
    elif harm == "syntax error":
        (site / "devtool_plugins/entry.py").write_text("def")
    else:
        shutil.rmtree(site)
    done = bare.ok("devtool status")
    bare.install()

    assert (done.stdout + done.stderr).count(WARNING) == 1


@pytest.mark.usefixtures("as_it_was")
def test_registering_costs_less_than_30_ms(bare: Sdk) -> None:
    """In one process, as devtool does it: with ours and without, by turns."""
    bare.install()
    shim = bare.path / "lib/devtool/devtool_containers_shim.py"
    script = bare.home / "cost.py"
    script.write_text(f"""
import time, argparse, logging, sys, importlib.util
sys.path[:0] = {[str(p) for p in sorted(bare.path.glob("layers/*/scripts/lib"))]!r}
import argparse_oe
parser = argparse_oe.ArgumentParser()
subparsers = parser.add_subparsers(dest="command")
started = time.perf_counter()
spec = importlib.util.spec_from_file_location("devtool_containers_shim", {str(shim)!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
module.register_commands(subparsers, None)
print(time.perf_counter() - started)
""")
    costs = [float(bare.ok(f"python3 {script}").stdout) for _ in range(7)]
    bare.install("uninstall")
    assert statistics.median(costs[1:]) < 0.030, costs


def test_plain_build_directory(build_directory: Place) -> None:
    assert group(build_directory.ok("devtool --help").stdout) == [*COMMANDS, "sdk-update"]


def test_plain_build_directory_runs_our_commands_and_others(build_directory: Place) -> None:
    assert (
        "usage: devtool container-build [-h]" in build_directory.ok("devtool container-build --help").stdout
    )
    assert "ERROR" not in build_directory.ok("devtool status").stderr
    done = build_directory("devtool container-build nothing")
    assert done.status == 1
    assert "ERROR: no recipe named 'nothing' is in your workspace [no-recipe]" in done.stdout + done.stderr


def test_plain_build_directory_survives_a_broken_install(build_directory: Place) -> None:
    entry = build_directory.path / "lib/devtool-containers/site/devtool_plugins/entry.py"
    text = entry.read_text()
    entry.write_text("def")
    done = build_directory.ok("devtool status")
    entry.write_text(text)
    assert (done.stdout + done.stderr).count(WARNING) == 1
