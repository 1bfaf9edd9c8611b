"""Licences of OE's deb packages, which do not tell them: the build that made them knows them."""

from __future__ import annotations

import os
from collections.abc import Callable
from glob import escape, glob

from sdk_hooks.core.feeds.feed import Feed
from sdk_hooks.core.sdk.pkgdata import PkgData, read
from sdk_hooks.packages import Package

_UP = 3
"""Directories above a feed in which its build is looked for: tmp/deploy/deb/ARCHITECTURE."""


def _nowhere() -> str:
    return ""


class Licenses:
    """What builds that are at hand say.

    :param pkgdata: Gives PKGDATA_DIR of an SDK; it is asked only when it is needed.
    """

    def __init__(self, pkgdata: Callable[[], str] = _nowhere) -> None:
        self._pkgdata = pkgdata

    def of(self, package: Package, feed: Feed) -> str:
        """That of *package*, of just that version; empty when nobody knows it."""
        if package.vendor != "openembedded":
            return ""
        deploy = _deploy(feed)
        version = package.version.rpartition(":")[2]
        found = "" if not deploy else _of_build(deploy, package, version)
        return found or _said(self._pkgdata(), package, version)


def _of_build(deploy: str, package: Package, version: str) -> str:
    places = sorted(glob(f"{escape(deploy)}/../pkgdata/*"))
    found = next(filter(None, (_said(place, package, version) for place in places)), "")
    return found or _of_recipe(deploy, package.source, version)


def _said(pkgdata: str, package: Package, version: str) -> str:
    found = PkgData(pkgdata).package(package.name) if pkgdata else None
    same = found and (found.recipe, found.version) == (package.source, version)
    return found.license if found and same else ""


def _deploy(feed: Feed) -> str:
    """The deploy directory of the build that *feed* is in; empty when it is elsewhere."""
    directory = os.path.abspath(feed.url.removeprefix("file://")) if feed.local else ""
    for _ in range(_UP if directory else 0):
        directory = os.path.dirname(directory)
        if os.path.isdir(f"{directory}/licenses"):
            return directory
    return ""


def _of_recipe(deploy: str, recipe: str, version: str) -> str:
    """What a build keeps of each recipe for its image's licences."""
    for path in sorted(glob(f"{escape(deploy)}/licenses/*/{escape(recipe)}/recipeinfo")):
        said = read(path)
        if f"{said.get('PV', '')}-{said.get('PR', '')}" == version:
            return said.get("LICENSE", "")
    return ""
