"""Installs into build directories and layers, and runs the shim as devtool does."""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from devtool_plugins import commands
from devtool_plugins.__main__ import main
from sdk_hooks.core.sdk import install as sdk_install

from .helpers import as_nobody, root_only

MODULES = ["devtool_plugins", "sdk_hooks", "sdk_plugins"]
RUN_SHIM = """
import argparse, importlib.util, sys
class Subparsers:
    def __init__(self, action):
        self.action, self.choices, self.groups = action, action.choices, []
    def add_subparser_group(self, name, title, order):
        self.groups.append(title)
    def add_parser(self, name, group=None, **options):
        return self.action.add_parser(name, **options)
parser = argparse.ArgumentParser()
subparsers = Subparsers(parser.add_subparsers())
for path in sys.argv[1:]:  # as OE's scriptutils.load_plugins: by path, and not into sys.modules
    spec = importlib.util.spec_from_file_location("devtool_containers_shim", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.register_commands(subparsers, None)
print(*subparsers.groups, *subparsers.choices)
"""
WORDS = ("build", "deploy", "undeploy", "status", "run", "test", "inspect")
ALL = f"Containers {' '.join(f'container-{word}' for word in WORDS)} k8s-deploy sdk-update\n"


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """What looks like a build directory."""
    directory = tmp_path / "build"
    (directory / "conf").mkdir(parents=True)
    (directory / "conf/bblayers.conf").touch()
    return directory


def snapshot(top: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of everything below *top*."""
    return {
        str(path.relative_to(top)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in top.rglob("*")
    }


def install(directory: Path, *options: str) -> Path:
    """Install with success; gives where the modules are."""
    assert main(["-q", "install", str(directory), *options]) == 0
    return directory / sdk_install.HOME / "site"


def register(*shims: Path) -> subprocess.CompletedProcess[str]:
    """Run shims in a Python that has nothing of ours, as the SDK's has not."""
    argv = (sys.executable, "-S", "-I", "-c", RUN_SHIM, *map(str, shims))
    return subprocess.run(argv, capture_output=True, text=True, check=True)


def test_the_commands_are_there_in_a_python_without_anything(build: Path) -> None:
    site = install(build)
    done = register(build / sdk_install.SHIM)
    assert (done.stdout, done.stderr) == (ALL, "")
    assert {*MODULES, "pluggy", "yaml"} <= set(os.listdir(site))


def test_the_plugins_are_found_there(build: Path) -> None:
    site = install(build)
    code = (
        f"import sys; sys.path.append({str(site)!r})\n"
        "from sdk_hooks.core.registry import load; load().runtime('crun')"
    )
    subprocess.run((sys.executable, "-S", "-I", "-c", code), check=True)


def test_nothing_compiled_comes_along(build: Path) -> None:
    assert not [path for path in install(build).rglob("*") if path.suffix in (".so", ".pyc")]


def test_again_is_the_same(build: Path) -> None:
    install(build)
    once = snapshot(build)
    stray = build / sdk_install.HOME / "site/sdk_hooks/gone_in_the_new_version.py"
    stray.touch()
    install(build)
    assert snapshot(build) == once


def test_uninstall_leaves_no_trace(build: Path) -> None:
    before = snapshot(build)
    install(build)
    register(build / sdk_install.SHIM)
    image = build / "workspace/recipes/container-web"
    image.mkdir(parents=True)
    (image / "container-web.bb").write_text(f"{sdk_install.WRITTEN}: the root file system\n")
    assert main(["-q", "uninstall", str(build)]) == 0
    shutil.rmtree(build / "workspace")
    assert not image.exists()
    assert snapshot(build) == before
    assert main(["-q", "uninstall", str(build)]) == 0


def test_uninstall_removes_its_image_recipes_only(build: Path) -> None:
    recipes = build / "workspace/recipes"
    for name, text in {"container-web": sdk_install.WRITTEN, "container-tools": "SUMMARY"}.items():
        (recipes / name).mkdir(parents=True)
        (recipes / name / f"{name}.bb").write_text(text)
    assert main(["-q", "uninstall", str(build)]) == 0
    assert os.listdir(recipes) == ["container-tools"]


def test_what_we_call_written_is_what_we_write() -> None:
    from importlib.resources import files

    assert files("sdk_hooks.core.sdk").joinpath("image.bb.in").read_text().startswith(sdk_install.WRITTEN)


def test_uninstall_keeps_what_others_have(build: Path) -> None:
    other = build / "lib/devtool/other.py"
    other.parent.mkdir(parents=True)
    other.touch()
    before = snapshot(build)
    install(build)
    assert main(["-q", "uninstall", str(build)]) == 0
    assert snapshot(build) == before


def test_everybody_can_read_it_whatever_the_umask(build: Path) -> None:
    old = os.umask(0o077)
    try:
        install(build)
    finally:
        os.umask(old)
    closed = [path for path in (build / "lib").rglob("*") if path.stat().st_mode & 0o044 != 0o044]
    assert closed == []


@root_only
def test_root_gives_it_to_the_owner_of_the_sdk(build: Path) -> None:
    os.chown(build, 1234, 1235)
    install(build)
    assert {(p.stat().st_uid, p.stat().st_gid) for p in (build / "lib").rglob("*")} == {(1234, 1235)}


def told(capsys: pytest.CaptureFixture[str], status: int, *argv: str) -> str:
    assert main(list(argv)) == status
    return capsys.readouterr().err


def test_a_wrong_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("install", "uninstall"):
        assert told(capsys, 2, command, str(tmp_path)) == (
            f"error: '{tmp_path}' is neither an installed eSDK nor a BitBake build directory [usage]\n"
            "  it has no .devtoolbase and no conf/bblayers.conf\n"
            "  hint: give the directory that environment-setup-* or conf/ is in\n"
        )


def test_a_directory_that_can_not_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    with tempfile.TemporaryDirectory() as place:  # pytest's own are closed to others, who could not even look
        (Path(place) / ".devtoolbase").touch()
        os.chmod(place, 0o555)
        with as_nobody():
            text = told(capsys, 2, "install", place)
        os.chmod(place, 0o755)
    assert (
        text == f"error: '{place}' can't be written [usage]\n  hint: become the user who installed the SDK\n"
    )


def test_a_part_that_can_not_be_written(build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (build / "lib").write_text("a file where a directory should be")
    assert told(capsys, 1, "-q", "install", str(build)) == (
        f"error: can't write in '{build}' [unwritable]\n"
        f"  Not a directory: {build}/lib/devtool-containers/site.new\n"
        "  hint: become the user who owns it, and look whether there is space left\n"
    )


def python(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_python_that_is_too_old(build: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = python(tmp_path / "python3", "echo 3 8")
    assert told(capsys, 1, "install", str(build), "--python", str(old)) == (
        "error: the SDK's Python is 3.8, 3.10 or later is needed [old-python]\n"
        "  hint: use an SDK of Yocto 4.0 (kirkstone) or later, with its buildtools\n"
    )
    assert not (build / "lib").exists()


def test_a_python_that_does_not_run(build: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "nosuch"
    assert told(capsys, 1, "install", str(build), "--python", str(missing)) == (
        f"error: can't run the SDK's Python '{missing}' [no-python]\n"
        f"  [Errno 2] No such file or directory: '{missing}'\n"
        "  hint: name it with --python FILE\n"
    )


def test_the_python_of_buildtools_is_asked(build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = build / "buildtools/sysroots/x86_64-sdk-linux/usr/bin"
    own.mkdir(parents=True)
    python(own / "python3", "echo 3 12")
    assert f"devtool there runs with {own}/python3\n" in told(capsys, 0, "install", str(build))


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        ("devtool_plugins/commands.py", "cannot import name 'commands' from 'devtool_plugins'"),
        ("devtool_plugins/container_run.py", "No module named 'devtool_plugins.container_run'"),
        ("devtool_plugins", "No module named 'devtool_plugins'"),
        (".", "No module named 'devtool_plugins'"),
    ],
)
def test_a_module_that_is_gone_is_one_warning(build: Path, harm: str, reason: str) -> None:
    path = install(build) / harm
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    done = register(build / sdk_install.SHIM)
    assert done.stderr.startswith(f"the container commands are not available: {reason}")
    assert len(done.stderr.splitlines()) == 1


def test_a_syntax_error_is_one_warning(build: Path) -> None:
    (install(build) / "devtool_plugins/entry.py").write_text("def")
    done = register(build / sdk_install.SHIM)
    assert done.stderr.startswith("the container commands are not available: ")
    assert len(done.stderr.splitlines()) == 1


def test_registering_needs_no_third_party_module(build: Path) -> None:
    site = install(build)
    for name in ("pluggy", "yaml"):
        shutil.rmtree(site / name)
    assert register(build / sdk_install.SHIM).stdout == ALL


def test_two_shims_are_one(build: Path, tmp_path: Path) -> None:
    install(build)
    install(tmp_path / "layer", "--layer")
    done = register(build / sdk_install.SHIM, tmp_path / "layer" / sdk_install.SHIM)
    assert done.stdout == f"Containers {ALL}"
    assert done.stderr == ""


def test_a_command_that_somebody_has_already_stays_theirs() -> None:
    subparsers = argparse.ArgumentParser().add_subparsers()
    theirs = subparsers.add_parser("container-run")
    assert commands.add(subparsers, commands.load("container_run")) is theirs


def test_loading_the_shim_costs_nothing(build: Path) -> None:
    """It imports os and sys alone: what a devtool command that is not ours pays is in tests/esdk."""
    install(build)
    spec = importlib.util.spec_from_file_location("shim", build / sdk_install.SHIM)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    before = set(sys.modules)
    spec.loader.exec_module(module)
    assert set(sys.modules) == before
