"""Installs the project into an SDK: a shim where devtool looks, and a directory of modules beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import distribution, entry_points
from importlib.resources import files
from pathlib import Path

from sdk_hooks.core.layout import replace, writing
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress

SHIM = "lib/devtool/devtool_containers_shim.py"
HOME = "lib/devtool-containers"
NEEDED = ("pluggy", "pyyaml")
"""What the commands import beside the standard library; what the SDK's Python has comes first."""


def install(directory: Path, python: str | None, progress: Progress) -> None:
    """Add the commands to the devtool of *directory*; again to upgrade.

    :param python: What devtool runs with; None to find it.
    :raises SdkError: When that Python is too old, or something can't be installed.
    """
    interpreter = python or sdk_python(directory)
    _check_version(interpreter)
    progress.step(f"devtool there runs with {interpreter}")
    home = directory / HOME
    fresh = home / "site.new"
    with writing(home):
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        _copy_ourselves(fresh)
        for name in (*NEEDED, *_plugins()):
            _copy_distribution(name, fresh)
        shutil.rmtree(home / "site", ignore_errors=True)
        os.rename(fresh, home / "site")
        (directory / SHIM).parent.mkdir(parents=True, exist_ok=True)
        replace(directory / SHIM, files("devtool_plugins").joinpath("shim.py.in").read_bytes())
    progress.step("devtool has the container commands: devtool --help")


def uninstall(directory: Path, progress: Progress) -> None:
    """Remove everything that `install` put into *directory*, and folders that are empty then."""
    with writing(directory):
        shutil.rmtree(directory / HOME, ignore_errors=True)
        (directory / SHIM).unlink(missing_ok=True)
        shutil.rmtree((directory / SHIM).parent / "__pycache__", ignore_errors=True)
        for folder in ((directory / SHIM).parent, (directory / SHIM).parent.parent):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
    progress.step("the container commands are gone")


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
        text = found.read_text(part)
        if text is None:
            raise SdkError(
                f"{name} is not installed as a distribution in {sys.executable!r}",
                hint=f"install it first: {sys.executable} -m pip install .",
                code="not-installed",
            )
        (folder / part).write_text(text, encoding="utf-8")
