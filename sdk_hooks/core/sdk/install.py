"""Installs the project into an SDK: a shim where devtool looks, and a directory of modules beside it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution, entry_points
from importlib.resources import files
from pathlib import Path

from sdk_hooks.core.disk import replace
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress

SHIM = "lib/devtool/devtool_containers_shim.py"
HOME = "lib/devtool-containers"
NEEDED = ("pluggy", "pyyaml", "gitpython", "gitdb", "smmap")
"""What the commands import beside the standard library; what the SDK's Python has comes first."""
LAYER = {"conf/layer.conf": "layer.conf.in", "README.md": "layer.md.in"}
WRITTEN = "# Written by devtool container-build"
"""How the image recipes in the workspace begin."""


def install(directory: Path, python: str | None, progress: Progress) -> None:
    """Add the commands to the devtool of *directory*; again to upgrade.

    :param python: What devtool runs with; None to find it.
    :raises SdkError: When that Python is too old, or something can't be installed.
    """
    interpreter = python or sdk_python(directory)
    _check_version(interpreter)
    progress.step(f"devtool there runs with {interpreter}")
    with _changing(directory):
        _write(directory)
    progress.step("devtool has the container commands: devtool --help")


def layer(directory: Path, progress: Progress) -> None:
    """Write a BitBake layer: every eSDK of a build that has it has the commands. Again to upgrade.

    :raises SdkError: When something else is there, or it can't be written.
    """
    if directory.exists() and any(directory.iterdir()) and not (directory / SHIM).exists():
        raise SdkError(
            f"'{directory}' is not empty, and is not a layer that was made here",
            hint="give another directory",
            code="not-a-layer",
        )
    with _changing(directory):
        directory.mkdir(parents=True, exist_ok=True)
        for name, template in LAYER.items():
            path = directory / name
            path.parent.mkdir(exist_ok=True)
            replace(path, files("devtool_plugins").joinpath(template).read_bytes())
        _write(directory)
    progress.step(f"add it to the build that makes the eSDK: bitbake-layers add-layer {directory}")


def uninstall(directory: Path, progress: Progress) -> None:
    """Remove everything that `install` and builds put into *directory*, and folders that are empty then.

    Images stay. So do recipes of the workspace, except those that only serve to make root file systems.
    """
    with _changing(directory):
        shutil.rmtree(directory / HOME, ignore_errors=True)
        (directory / SHIM).unlink(missing_ok=True)
        for cache in (directory / SHIM).parent.glob("__pycache__/devtool_containers_shim.*"):
            cache.unlink()
        for recipe in directory.glob("workspace/recipes/container-*/container-*.bb"):
            if recipe.read_text(errors="replace").startswith(WRITTEN):
                shutil.rmtree(recipe.parent)
        for folder in ("lib/devtool/__pycache__", "lib/devtool", "lib"):
            with contextlib.suppress(OSError):  # others have something there
                (directory / folder).rmdir()
    progress.step("the container commands are gone")


@contextlib.contextmanager
def _changing(directory: Path) -> Iterator[None]:
    """Turn what a missing permission or a full disk raises into an error."""
    try:
        yield
    except OSError as error:
        raise SdkError(
            f"can't write in '{directory}'",
            detail=f"{error.strerror}: {error.filename}",
            hint="become the user who owns it, and look whether there is space left",
            code="unwritable",
        ) from error


def _write(top: Path) -> None:
    """Put the shim and the modules below *top*, new ones in the place of old ones at once."""
    fresh, site = top / HOME / "site.new", top / HOME / "site"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    _copy_ourselves(fresh)
    for name in (*NEEDED, *_plugins()):
        _copy_distribution(name, fresh)
    shutil.rmtree(site, ignore_errors=True)
    os.rename(fresh, site)
    (top / SHIM).parent.mkdir(parents=True, exist_ok=True)
    replace(top / SHIM, files("devtool_plugins").joinpath("shim.py.in").read_bytes())
    for path in (top / "lib", top / "lib/devtool", top / SHIM, top / HOME, *(top / HOME).rglob("*")):
        _open_up(path, os.stat(top))


def _open_up(path: Path, owner: os.stat_result) -> None:
    """Let everybody read, whatever the umask was, and let the SDK's *owner* have what root installs."""
    os.chmod(path, 0o755 if path.is_dir() else 0o644)
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid)


def sdk_python(directory: Path) -> str:
    """The Python that devtool of *directory* runs with: the SDK's own where it has buildtools."""
    found = sorted(directory.glob("buildtools/sysroots/*/usr/bin/python3"))
    return str(found[0]) if found else "python3"


def _check_version(interpreter: str) -> None:
    """Refuse an *interpreter* that can't be run, or is too old.

    :raises SdkError: Then.
    """
    # -I: what this user or this environment adds is not there when devtool runs
    probe = (interpreter, "-I", "-c", "import sys; print(*sys.version_info[:2])")
    try:
        done = subprocess.run(probe, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SdkError(
            f"can't run the SDK's Python {interpreter!r}",
            detail=str(error),
            hint="name it with --python FILE",
            code="no-python",
        ) from error
    if tuple(map(int, done.stdout.split())) < (3, 10):
        raise SdkError(
            f"the SDK's Python is {done.stdout.strip().replace(' ', '.')}, 3.10 or later is needed",
            hint="use an SDK of Yocto 4.0 (kirkstone) or later, with its buildtools",
            code="old-python",
        )


def _copy_ourselves(site: Path) -> None:
    """The packages that run now, and the entry points that say which plugins there are."""
    for name in ("sdk_hooks", "devtool_plugins", "sdk_plugins"):
        source = os.path.dirname(str(files(name).joinpath("__init__.py")))
        shutil.copytree(source, site / name, ignore=shutil.ignore_patterns("__pycache__"))
    _copy_metadata("devtool-containers", site)


def _plugins() -> list[str]:
    """The distributions that bring plugins, without ours."""
    found = {point.dist.name for point in entry_points(group="sdk_hooks") if point.dist}
    return sorted(found - {"devtool-containers"})


def _copy_distribution(name: str, site: Path) -> None:
    """What *name* installed into this Python; compiled parts are left out, they may not fit the SDK's."""
    found = distribution(name)
    for file in found.files or ():
        if ".." in file.parts or file.suffix in (".so", ".pyc"):
            continue
        target = site / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(found.locate_file(file)), target)


def _copy_metadata(name: str, site: Path) -> None:
    found = distribution(name)
    folder = site / f"{name.replace('-', '_')}-{found.version}.dist-info"
    folder.mkdir()
    for part in ("METADATA", "entry_points.txt"):
        # in a checkout the metadata may be setuptools' own, which calls it PKG-INFO
        text = found.read_text(part) or (found.read_text("PKG-INFO") if part == "METADATA" else None)
        if text is None:
            raise SdkError(
                f"{name} is not installed as a distribution in {sys.executable!r}",
                hint=f"install it first: {sys.executable} -m pip install .",
                code="not-installed",
            )
        (folder / part).write_text(text, encoding="utf-8")
