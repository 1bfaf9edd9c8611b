"""Reads a built recipe's packages, and the root file system of all that they need, as files of an image."""

from __future__ import annotations

import hashlib
import marshal
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import cached_property
from glob import glob
from pathlib import Path

from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.files.fileset import DIRECTORY, SYMLINK, Entry, Group, Merged, directory
from sdk_hooks.core.files.tree import Source
from sdk_hooks.core.sdk.pkgdata import Missing, Package, PkgData
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Platform

_STAMP = re.compile(r"\.do_packagedata(?:_setscene)?\.([0-9a-f]{40,})")
"""Of a task that ran: its hash, and after it may come the machine."""

_DEFERRED = re.compile(r"etc/(?:deb|ipk|rpm)-postinsts(?:/\d+-(.+))?")
"""Where rootfs leaves the scripts that could not run: a container never runs them."""

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

_GUARDED = re.compile(
    r"""\s*(?:#!/bin/sh\s+)?(?:set -e\s+)?"""
    r"""(?:if \[ x"\$D" = "x" \]; then\s+if [^;]*; then [^;]*; fi\s+fi\s*)?"""
)
"""The script that every library gets: it does nothing while an image is made."""


class Packages:
    """A built recipe's packages, and all that they need at run time.

    :param packages: The closure, by OE's name.
    """

    def __init__(self, recipe: Variables, packages: Mapping[str, Package]) -> None:
        self.recipe, self.packages, self.name = recipe, packages, recipe["PN"]
        own = [package.name for package in packages.values() if package.recipe == self.name]
        self.deferred: list[str] = []
        """Packages whose scripts wait for a device's first boot, once `source` has seen them."""
        self.splits, self.destination = _own_files(recipe, own)

    @classmethod
    def read(cls, recipe: Variables) -> Packages:
        """
        :raises SdkError: When the closure is not complete.
        """
        packages, missing = closure(recipe)
        if missing:
            raise _missing(missing)
        return cls(recipe, packages)

    @property
    def recipes(self) -> tuple[str, ...]:
        """Of the dependencies."""
        return tuple(sorted({p.recipe for p in self.packages.values()} - {self.name}))

    @cached_property
    def fingerprint(self) -> str:
        """Changes when the root file system below the recipe's own files would.

        Of a dependency its task's hash counts, which is in the name of the stamp: pkgdata has only sizes.
        """
        facts: list[object] = [
            entry[:2] for split in self.splits for entry in split if entry.kind != DIRECTORY
        ]
        facts += [entry[:5] for split in self.splits for entry in split if entry.kind == DIRECTORY]
        for package in self._sorted():
            if package.recipe != self.name:
                facts.append((package.output, package.version, self._hashes(package.recipe)))
                continue
            facts.append((package.name, package.depends, sorted(package.scripts.items())))
            if not _GUARDED.fullmatch(package.scripts.get("pkg_postinst", "")):
                facts += [entry.stamp for split in self.splits for entry in split]  # it may read any of them
        return hashlib.sha256(repr(facts).encode()).hexdigest()

    def _hashes(self, recipe: str) -> list[str]:
        stamps = glob(f"{self.recipe['STAMPS_DIR']}/*/{recipe}/*.do_packagedata*")
        return sorted({found[1] for found in map(_STAMP.search, stamps) if found})

    def _sorted(self) -> list[Package]:
        return sorted(self.packages.values(), key=lambda package: package.name)

    def source(self, image: Variables) -> Source:
        """The recipe's own files, and of the root file system of the *image* recipe all others."""
        return Source(self._groups(image), platform(image["TARGET_ARCH"], image["TUNE_FEATURES"]))

    def _groups(self, image: Variables) -> list[Group]:
        """Dependencies by recipe, what scripts made, and the recipe's own packages, in this order."""
        [rootfs] = _listing(image, [image["IMAGE_ROOTFS"]])
        owners = self._owners(rootfs)
        groups: dict[str, Group] = {}
        made = Group("configuration of packages", comment="what package scripts made: users, links")
        for entry in rootfs:
            owner = owners.get(entry.path)
            if deferred := _DEFERRED.fullmatch(entry.path):
                self.deferred += filter(None, [deferred[1]])
            elif owner is None:
                made.add([entry])
            elif owner != self.name:
                groups.setdefault(owner, Group(owner, comment=self._of(owner))).add([entry])
        directories = Group("directories", comment="with the owners that packages give them")
        directories.add(e for e in made.entries.values() if e.kind == DIRECTORY)
        for path in directories.entries:
            del made.entries[path]
        directories.add(_volatile(rootfs))
        found = [directories, *(groups[owner] for owner in sorted(groups)), made, self._application()]
        for group in found:
            owner = self.name if group is found[-1] else group.name
            group.components = [self._component(p, image) for p in self._sorted() if p.recipe == owner]
        return found

    def _component(self, package: Package, image: Variables) -> Component:
        needs = {self._output(name) for name in package.depends} - {"", package.output}
        return Component(
            package.output,
            package.version,
            image["TARGET_ARCH"],
            image["IMAGE_PKGTYPE"],
            package.recipe,
            license=package.license,
            homepage=package.homepage,
            summary=package.summary,
            vendor="openembedded",
            asked=package.recipe == self.name,
            needs=tuple(sorted(needs)),
            files=tuple(sorted(package.files)),
        )

    def _output(self, name: str) -> str:
        """What the package manager calls the package that *name* means; empty when it is none of these."""
        if name in self.packages:
            return self.packages[name].output
        found = PkgData(self.recipe["PKGDATA_DIR"]).package(name)
        return found.output if found else ""

    def _owners(self, rootfs: Iterable[Entry]) -> dict[str, str]:
        """Recipes by path; a package's lib/x is usr/lib/x where lib is a link."""
        links = Merged()
        links.entries.update((entry.path, entry) for entry in rootfs if entry.kind == SYMLINK)
        return {
            links.real(path): package.recipe for package in self.packages.values() for path in package.files
        }

    def _application(self) -> Group:
        group = Group("application", comment=self._of(self.name))
        xattrs = {entry.path: entry.xattrs for entry in self.destination if entry.xattrs}
        for split in self.splits:  # do_package loses what setcap wrote: D still has it
            group.add(entry._replace(xattrs=xattrs.get(entry.path, ())) for entry in split)
        return group

    def _of(self, recipe: str) -> str:
        return ", ".join(
            sorted(f"{p.output} {p.version}" for p in self.packages.values() if p.recipe == recipe)
        )


def _volatile(rootfs: Iterable[Entry]) -> list[Entry]:
    """What base-files' links such as var/log -> volatile/log lead to: an init would make it at boot."""
    links = [e.link for e in rootfs if e.kind == SYMLINK and e.link.startswith("volatile/")]
    there = {entry.path for entry in rootfs}
    wanted = [f"var/{link}" for link in links if f"var/{link}" not in there]
    return [directory(path, 0o1777 if os.path.basename(path) == "tmp" else 0o755) for path in wanted]


def _own_files(recipe: Variables, packages: Iterable[str]) -> tuple[list[list[Entry]], list[Entry]]:
    """What is in the split of each of the *packages*, and in D; an empty package has no split."""
    top = recipe["PKGDEST"]
    for needed in (top, recipe["D"]):
        if not os.path.isdir(needed):
            raise gone(needed, recipe)
    splits = [f"{top}/{package}" for package in packages if os.path.isdir(f"{top}/{package}")]
    *found, destination = _listing(recipe, [*splits, recipe["D"]])
    return [[entry for entry in split if _packaged(entry)] for split in found], destination


def _packaged(entry: Entry) -> bool:
    return entry.path != "DEBIAN" and not entry.path.startswith("DEBIAN/")


def _listing(variables: Variables, directories: Iterable[str]) -> list[list[Entry]]:
    """The entries of each directory as pseudo shows them."""
    environment = dict(os.environ, PATH=variables["PATH"])
    environment.update(word.partition("=")[::2] for word in variables["FAKEROOTENV"].split() if "=" in word)
    home = str(Path(__file__).resolve().parents[3])
    environment["PYTHONPATH"] = os.pathsep.join([home, *sys.path])
    argv = (variables["FAKEROOTCMD"], sys.executable, "-m", "sdk_hooks.core.sdk.listing", *directories)
    done = subprocess.run(argv, env=environment, capture_output=True, check=False)
    if done.returncode:
        raise SdkError(
            "pseudo can't list what was built",
            detail=done.stderr.decode(errors="replace").strip()[-500:],
            hint=f"build it anew: bitbake -c cleansstate {variables['PN']}",
            code="pseudo-failed",
        )
    return [[Entry(*raw) for raw in one] for one in marshal.loads(done.stdout)]  # noqa: S302  from our own child


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


def closure(recipe: Variables) -> tuple[dict[str, Package], list[Missing]]:
    pkgdata, name = PkgData(recipe["PKGDATA_DIR"]), recipe["PN"]
    if pkgdata.package(name) is None:
        made = pkgdata.packages_of(name)
        raise SdkError(
            f"the recipe {name!r} makes no package {name!r}",
            detail=f"it makes: {', '.join(made) or 'none that has files'}",
            hint=f'install something that belongs to FILES:{name}, or set ALLOW_EMPTY:{name} = "1"',
            code="no-package",
        )
    return pkgdata.closure([name])


def gone(directory: str, variables: Variables) -> SdkError:
    return SdkError(
        f"BitBake says that it built {variables['PN']!r}, but '{directory}' is not there",
        hint=f"bitbake -c clean {variables['PN']}, then build again",
        code="work-gone",
    )


def _missing(missing: Iterable[Missing]) -> SdkError:
    lines = sorted(f"package {m.name!r}, which {m.wanted_by!r} needs" for m in missing)
    return SdkError(
        f"{len(lines)} run-time {'dependency is' if len(lines) == 1 else 'dependencies are'} missing",
        detail="\n".join(lines),
        hint="add a recipe that makes it, or correct RDEPENDS",
        code="missing-dependency",
    )
