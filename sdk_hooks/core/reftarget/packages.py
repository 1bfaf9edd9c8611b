"""Downloads packages with the apt of this machine, as any user and without changing this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from importlib.resources import files
from pathlib import Path

from sdk_hooks.core.vm import programs
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Argv

ETC = Path("/etc/apt")
# Sources of third parties may lack the architecture, and each costs time.
_SOURCES = ("sources.list.d/debian.sources", "sources.list.d/ubuntu.sources", "sources.list")
_FRESH = 6 * 3600


def sources(etc: Path = ETC) -> dict[str, str]:
    """The distribution's own package sources, by the name of their file.

    :raises SdkError: When this machine has no apt, or none with such sources.
    """
    found = {name: (etc / name).read_text() for name in _SOURCES if (etc / name).is_file()}
    programs = all(shutil.which(name) for name in ("apt-get", "apt-cache", "dpkg-deb"))
    if not programs or not any(map(_says, found.values())):
        raise SdkError(
            "the reference target can't be made on this machine",
            detail="it is made of packages of Debian or Ubuntu, and there is no apt with their sources",
            hint="boot an image of your SDK: build one in it, and give this command there",
            code="no-apt",
        )
    return found


def _says(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())


class Apt:
    """apt with a state of its own: its lists, no installed packages, another architecture if need be.

    :param directory: Where everything is kept.
    :param architecture: As Debian names it.
    """

    def __init__(self, directory: Path, architecture: str, given: dict[str, str]) -> None:
        self.directory, self.architecture = directory, architecture
        self.archives = directory / "archives"
        parts = directory / "sources.list.d"
        for needed in (self.archives / "partial", directory / "state" / "lists" / "partial", parts):
            needed.mkdir(parents=True, exist_ok=True)
        (directory / "status").touch()
        (directory / "sources.list").touch()
        for name, text in given.items():
            (directory / name).write_text(text)
        template = files(__package__).joinpath("apt.conf.in").read_text(encoding="utf-8")
        text = template.replace("@DIRECTORY@", str(directory)).replace("@ARCHITECTURE@", architecture)
        (directory / "apt.conf").write_text(text)

    def update(self) -> None:
        """Fetch the lists of packages, unless that was lately: old ones name files that are gone."""
        done = self.directory / "updated"
        if not done.exists() or time.time() - done.stat().st_mtime > _FRESH:
            self._run("apt-get", "update", "-qq", "-o", "APT::Update::Error-Mode=any")
            done.touch()

    def depends(self, package: str) -> list[str]:
        """Names of what *package* depends on, the first of alternatives; empty when it is unknown."""
        shown = self._ask("apt-cache", "show", "--no-all-versions", package)
        match = re.search(r"^Depends: (.*)$", shown, re.MULTILINE)
        return [re.split(r"[ (|:]", one.strip())[0] for one in match[1].split(",")] if match else []

    def closure(self, *packages: str) -> list[Path]:
        """Download *packages* and all that they depend on."""
        self._run("apt-get", "autoclean", "-qq")  # else an older version would be unpacked too
        self._run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "--download-only", *packages)
        return sorted(self.archives.glob("*.deb"))

    def exact(self, *packages: str) -> list[Path]:
        """Download *packages* and nothing else: to be installed, a kernel wants forty packages more."""
        directory = self.directory / "exact"
        directory.mkdir(exist_ok=True)
        self._run("apt-get", "download", "-qq", *packages, cwd=directory)
        return sorted(path for package in packages for path in directory.glob(f"{package}_*.deb"))

    def _ask(self, program: str, *words: str) -> str:
        argv = self._argv(program, words)  # it fails when the package is unknown, and prints nothing then
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        return done.stdout.decode(errors="replace")

    def _run(self, program: str, *words: str, cwd: Path | None = None) -> None:
        run(self._argv(program, words), self.directory, cwd)

    def _argv(self, program: str, words: tuple[str, ...]) -> Argv:
        return (program, "-c", str(self.directory / "apt.conf"), *words)


def unpack(packages: list[Path], directory: Path) -> None:
    """Put the files of *packages* into *directory*, which is there only when all of them are."""
    fresh = directory.with_name(f"{directory.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    for package in packages:
        run(("dpkg-deb", "-x", str(package), str(fresh)), directory.parent)
    merge(fresh)
    shutil.rmtree(directory, ignore_errors=True)
    fresh.rename(directory)


def merge(top: Path) -> None:
    """Make bin, lib and so on links to those below usr, as they are on an installed system.

    Packages are made for that, and have their files in one of the two.
    """
    for name in ("bin", "lib", "lib64", "sbin"):
        outer, inner = top / name, top / "usr" / name
        inner.mkdir(parents=True, exist_ok=True)
        if outer.is_dir():
            shutil.copytree(outer, inner, symlinks=True, dirs_exist_ok=True, copy_function=os.rename)
            shutil.rmtree(outer)
        outer.symlink_to(f"usr/{name}")


def run(argv: Argv, directory: Path, cwd: Path | None = None) -> None:
    """Run a program of apt, which writes to *directory*.

    :raises SdkError: When the packages are not to be had, with its last words.
    """
    try:
        programs.run(argv, directory, cwd)
    except SdkError as error:
        if error.code != "program-failed":
            raise
        raise SdkError(
            "the packages of the reference target can't be fetched",
            detail=f"{argv[0]} said:\n{error.detail}",
            hint="is this machine on the network? try: apt-get update",
            code="no-packages",
        ) from error
