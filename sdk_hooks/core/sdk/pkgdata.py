"""Reads OE-Core's pkgdata: which packages there are, what they need, which files they own."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Package:
    """One binary package, as do_packagedata described it."""

    name: str
    """OE's name; `output` is what the package manager calls it."""
    output: str
    version: str
    recipe: str
    depends: tuple[str, ...]
    files: frozenset[str]
    """Paths without leading slash; no directories."""
    scripts: Mapping[str, str] = field(default_factory=dict)
    """By name: pkg_postinst, pkg_preinst, pkg_postinst_ontarget, ..."""
    license: str = ""
    homepage: str = ""
    summary: str = ""


@dataclass(frozen=True)
class Missing:
    """A package that is needed and does not exist."""

    name: str
    wanted_by: str


class PkgData:
    """The directory PKGDATA_DIR."""

    def __init__(self, directory: str) -> None:
        self.directory = directory

    def packages_of(self, recipe: str) -> list[str]:
        """Names of the packages that *recipe* made, without empty ones."""
        listed = read(f"{self.directory}/{recipe}").get("PACKAGES", "").split()
        return [name for name in listed if self._made(name)]

    def package(self, name: str) -> Package | None:
        """The package that *name* means: OE's name, the output name, or something it provides."""
        found = self._find(name)
        if not found or not self._made(found):
            return None
        data = read(f"{self.directory}/runtime/{found}")
        return Package(
            found,
            data.get(f"PKG:{found}", found),
            f"{data.get('PKGV', '')}-{data.get('PKGR', '')}",
            data.get("PN", ""),
            _names(data.get(f"RDEPENDS:{found}", "")),
            frozenset(path.lstrip("/") for path in json.loads(data.get(f"FILES_INFO:{found}", "{}"))),
            {key.partition(":")[0]: text for key, text in data.items() if key.startswith("pkg_")},
            *(data.get(f"{key}:{found}") or data.get(key, "") for key in ("LICENSE", "HOMEPAGE", "SUMMARY")),
        )

    def closure(self, names: Iterable[str]) -> tuple[dict[str, Package], list[Missing]]:
        """Everything that *names* need at run time, by OE's name, and what of it does not exist."""
        found: dict[str, Package] = {}
        missing: list[Missing] = []
        todo = [(name, "the image") for name in names]
        seen: set[str] = set()
        while todo:
            name, wanted_by = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            package = self.package(name)
            if package is None:
                missing.append(Missing(name, wanted_by))
            elif package.name not in found:
                found[package.name] = package
                todo += [(depends, package.name) for depends in package.depends]
        return found, missing

    def _made(self, name: str) -> bool:
        return os.path.exists(f"{self.directory}/runtime/{name}.packaged")

    def _find(self, name: str) -> str:
        runtime = f"{self.directory}/runtime/{name}"
        if os.path.isfile(runtime):
            return name
        reverse = f"{self.directory}/runtime-reverse/{name}"
        if os.path.islink(reverse):
            return os.path.basename(os.readlink(reverse))
        provides = f"{self.directory}/runtime-rprovides/{name}"
        return min(os.listdir(provides), default="") if os.path.isdir(provides) else ""


def read(path: str) -> dict[str, str]:
    """One file of pkgdata: `KEY: value` lines; empty when there is none."""
    try:
        with open(path, encoding="utf-8") as stream:
            lines = [line.rstrip("\n").partition(": ") for line in stream]
    except OSError:
        return {}
    return {key: _unescaped(value) if key.startswith("pkg_") else value for key, _, value in lines}


def _unescaped(value: str) -> str:
    return value.encode("latin-1", "backslashreplace").decode("unicode_escape")


def _names(depends: str) -> tuple[str, ...]:
    """Names in `libfoo (>= 1.2) bar`."""
    return tuple(re.sub(r"\([^)]*\)", "", depends).split())
