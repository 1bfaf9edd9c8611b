"""Builds a workspace recipe with BitBake, and reads its packages and their root file system as files of an image."""

from __future__ import annotations

import hashlib
import json
import marshal
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from sdk_hooks.core import layout
from sdk_hooks.core.fileset import DIRECTORY, Entry, Group
from sdk_hooks.core.layers import cache_directory
from sdk_hooks.core.pkgdata import Missing, Package, PkgData
from sdk_hooks.core.tree import Source
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress
from sdk_hooks.target import Platform

Variables = Mapping[str, str]
"""Of a recipe, by name."""

_ARCHITECTURES = {
    "x86_64": Platform("amd64"),
    "aarch64": Platform("arm64", "v8"),
    "riscv64": Platform("riscv64"),
    "loongarch64": Platform("loong64"),
    "powerpc64le": Platform("ppc64le"),
    "mips64el": Platform("mips64le"),
    "mipsel": Platform("mipsle"),
}

_SOURCED = 'init=$1 dir=$2; shift 2; . "$init" "$dir" >/dev/null && exec "$@"'
"""The SDK's script can only be sourced, and wants to see no arguments but the directory."""

_MISSING = (
    r"Nothing R?PROVIDES '([^']+)' \(but (\S+) R?DEPENDS on",
    r" (\S+) : Depends: (\S+) .*but it is not",
    r"contained in package (\S+) requires (\S+), but no providers found",
    r"Unable to locate package (\S+)",
    r"nothing provides (\S+).* needed by (\S+)",
)


@dataclass(frozen=True)
class Bitbake:
    """Runs bitbake in the environment of the SDK.

    :param init_path: The script to source first; None when this process has the environment already.
    """

    init_path: str | None
    directory: str
    progress: Progress

    def run(self, *arguments: str) -> None:
        """Run bitbake; its warnings and errors are part of the story.

        :raises SdkError: When it fails, naming what is missing where it says so.
        """
        argv = ("bitbake", *arguments)
        if self.init_path:
            argv = ("bash", "-c", _SOURCED, "bash", self.init_path, self.directory, *argv)
        output: list[str] = []
        with subprocess.Popen(
            argv, cwd=self.directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True
        ) as child:
            for line in child.stdout or ():
                output.append(line.rstrip())
                if line.startswith(("WARNING:", "ERROR:")):
                    self.progress.step(f"  {line.rstrip()}")
        if child.returncode:
            raise _failure(" ".join(("bitbake", *arguments)), output)


def build(bitbake: Bitbake, recipe: Variables, image: Variables, progress: Progress) -> Source:
    """Build, and give the files: dependencies as real packages install them, the recipe's own on top.

    After an edit only the recipe's own tasks run; the root file system is made again when a dependency, a user
    or a script of a package has changed.

    :param recipe: Variables of the recipe under edit.
    :param image: Variables of the image recipe that installs it.
    """
    name = recipe["PN"]
    pkgdata = PkgData(recipe["PKGDATA_DIR"])
    memory = Memory(image["IMAGE_ROOTFS"])
    known = memory.read()
    if known:
        progress.step(f"building {name}")
        bitbake.run("-c", "package_qa", name)
        packages, missing = _closure(pkgdata, name)
        if not missing and _fingerprint(packages, name, recipe["STAMPS_DIR"]) == known:
            progress.step("dependencies are unchanged: only the top layer is made again")
            return _source(recipe, image, packages)
    progress.step(f"building {name}, and installing it with what it needs into a root file system")
    memory.forget()
    bitbake.run("-c", "rootfs", f"container-{name}")
    packages, missing = _closure(pkgdata, name)
    if missing:
        raise _missing(missing)
    memory.write(_fingerprint(packages, name, recipe["STAMPS_DIR"]))
    return _source(recipe, image, packages)


def _source(recipe: Variables, image: Variables, packages: Mapping[str, Package]) -> Source:
    return Source(_groups(recipe, image, packages), platform(image["TARGET_ARCH"], image["TUNE_FEATURES"]))


class Memory:
    """Remembers which dependencies a root file system was made of; forgets when it is gone or made anew."""

    def __init__(self, rootfs: str) -> None:
        self.rootfs = rootfs
        name = hashlib.sha256(os.fsencode(rootfs)).hexdigest()[:32]
        self.path = cache_directory() / "rootfs" / f"{name}.json"

    def read(self) -> str:
        try:
            known = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return ""
        return str(known["fingerprint"]) if known["inode"] == self._inode() else ""

    def write(self, fingerprint: str) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            layout.replace(self.path, layout.to_json({"fingerprint": fingerprint, "inode": self._inode()}))
        except OSError:
            pass  # a read-only home: made again each time

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)

    def _inode(self) -> int:
        return os.stat(self.rootfs).st_ino if os.path.isdir(self.rootfs) else 0


def platform(architecture: str, features: str) -> Platform:
    """What TARGET_ARCH and TUNE_FEATURES mean, in the words of the image-spec."""
    if architecture in _ARCHITECTURES:
        return _ARCHITECTURES[architecture]
    if re.fullmatch(r"i[3-6]86", architecture):
        return Platform("386")
    if architecture == "arm":
        version = re.search(r"armv(\d)", features)
        return Platform("arm", f"v{version[1]}" if version else "v7")
    return Platform(architecture)


def _closure(pkgdata: PkgData, name: str) -> tuple[dict[str, Package], list[Missing]]:
    if pkgdata.package(name) is None:
        made = pkgdata.packages_of(name)
        raise SdkError(
            f"the recipe {name!r} makes no package {name!r}",
            detail=f"it makes: {', '.join(made) or 'none that has files'}",
            hint=f"install something that belongs to FILES:{name}, or set ALLOW_EMPTY:{name} = \"1\"",
            code="no-package",
        )
    return pkgdata.closure([name])


def _fingerprint(packages: Mapping[str, Package], name: str, stamps: str) -> str:
    """Changes when the root file system below the recipe *name* would.

    Of a dependency its task's hash counts, which is in the name of the stamp: pkgdata has only sizes.
    """
    facts: list[object] = []
    for package in sorted(packages.values(), key=lambda package: package.name):
        if package.recipe == name:
            facts.append((package.name, package.depends, sorted(package.scripts.items())))
        else:
            tasks = glob(f"{stamps}/*/{package.recipe}/*.do_packagedata*")
            hashes = sorted(t.rpartition(".")[2] for t in tasks if ".sigdata." not in t)
            facts.append((package.output, package.version, hashes))
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _groups(recipe: Variables, image: Variables, packages: Mapping[str, Package]) -> list[Group]:
    """Dependencies by recipe, what scripts made, and the recipe's own packages, in this order."""
    name = recipe["PN"]
    own = [package for package in packages.values() if package.recipe == name]
    [rootfs] = _listing(image, [image["IMAGE_ROOTFS"]])
    *splits, destination = _listing(recipe, [f"{recipe['PKGDEST']}/{p.name}" for p in own] + [recipe["D"]])
    owners = {path: package.recipe for package in packages.values() for path in package.files}
    groups: dict[str, Group] = {}
    made = Group("configuration of packages", comment="what package scripts made: users, links")
    for entry in rootfs:
        owner = owners.get(entry.path)
        if owner is None:
            made.add([entry])
        elif owner != name:
            groups.setdefault(owner, Group(owner, comment=_packages_of(owner, packages))).add([entry])
    application = Group("application", comment=_packages_of(name, packages))
    xattrs = {entry.path: entry.xattrs for entry in destination if entry.xattrs}
    for split in splits:  # do_package loses what setcap wrote: D still has it
        application.add(entry._replace(xattrs=xattrs.get(entry.path, ())) for entry in split if _packaged(entry))
    directories = Group("directories", comment="with the owners that packages give them")
    directories.add(e for e in made.entries.values() if e.kind == DIRECTORY)
    for path in directories.entries:
        del made.entries[path]
    dependencies = [groups[owner] for owner in sorted(groups)]
    return [directories, *dependencies, made, application]


def _packaged(entry: Entry) -> bool:
    return entry.path != "DEBIAN" and not entry.path.startswith("DEBIAN/")


def _packages_of(recipe: str, packages: Mapping[str, Package]) -> str:
    return ", ".join(sorted(f"{p.output} {p.version}" for p in packages.values() if p.recipe == recipe))


def _listing(variables: Variables, directories: Iterable[str]) -> list[list[Entry]]:
    """The entries of each directory as pseudo shows them; an empty package has none."""
    existing = [directory for directory in directories if os.path.isdir(directory)]
    environment = dict(os.environ, PATH=variables["PATH"])
    environment.update(word.partition("=")[::2] for word in variables["FAKEROOTENV"].split() if "=" in word)
    home = str(Path(__file__).resolve().parents[2])
    environment["PYTHONPATH"] = os.pathsep.join([home, *sys.path])
    argv = (variables["FAKEROOTCMD"], sys.executable, "-m", "sdk_hooks.core.sdk_listing", *existing)
    done = subprocess.run(argv, env=environment, capture_output=True, check=False)
    if done.returncode:
        raise SdkError(
            "pseudo can't list what was built",
            detail=done.stderr.decode(errors="replace").strip()[-500:],
            hint=f"build it anew: bitbake -c cleansstate {variables['PN']}",
            code="pseudo-failed",
        )
    return [[Entry(*raw) for raw in one] for one in marshal.loads(done.stdout)]  # noqa: S302  from our own child


def _failure(command: str, output: list[str]) -> SdkError:
    text = "\n".join(output)
    for pattern in _MISSING:
        match = re.search(pattern, text)
        if match:
            return SdkError(
                "a run-time dependency is missing",
                detail="\n".join(line.strip() for line in output if re.search(pattern, line)),
                hint="add a recipe that makes it, or correct RDEPENDS",
                code="missing-dependency",
            )
    errors = [line for line in output if line.startswith("ERROR:")]
    return SdkError(f"{command} failed", detail="\n".join(errors[-5:] or output[-5:]), code="bitbake-failed")


def _missing(missing: Iterable[Missing]) -> SdkError:
    lines = sorted(f"package {m.name!r}, which {m.wanted_by!r} needs" for m in missing)
    return SdkError(
        f"{len(lines)} run-time {'dependency is' if len(lines) == 1 else 'dependencies are'} missing",
        detail="\n".join(lines),
        hint="add a recipe that makes it, or correct RDEPENDS",
        code="missing-dependency",
    )
