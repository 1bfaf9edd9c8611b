"""Packages out of feeds as the files of an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sdk_hooks.core.feeds import install, pool, solve, store
from sdk_hooks.core.feeds.install import Allowed
from sdk_hooks.core.feeds.pool import Pool
from sdk_hooks.core.feeds.solve import Solution
from sdk_hooks.core.files.fileset import Group, Merged
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress
from sdk_hooks.packages import Package, PackageFormat, Relation
from sdk_hooks.target import Platform

_SKELETON = ("base-passwd", "base-files")
"""Of Debian and of OE: have the users and directories that packages expect."""


class FeedSource:
    """What container.yaml and the command line want out of feeds.

    :param formats: By name.
    """

    def __init__(
        self, spec: Spec, platform: Platform, formats: Mapping[str, PackageFormat], progress: Progress
    ) -> None:
        self.spec, self.platform, self.formats, self.progress = spec, platform, formats, progress

    @property
    def wanted(self) -> Sequence[Relation]:
        return self.spec.install or ()

    def groups(self, base: Merged | None) -> list[Group]:
        """The groups of an image, those that were asked for by name above what they need.

        :param base: What a base image shows below.
        :raises SdkError: When they are not to be had, or can't be installed.
        """
        found = self._pool()
        solution = solve.solve(found, self.wanted, bool(self.spec.recommends))
        have = store.bring(found, solution.packages, self.progress)
        allowed = Allowed(self.spec.setuid or (), self.spec.skip_scripts or ())
        groups = install.install(have, self._skeleton(found), allowed, base)
        told = {each.name: self._told(found, each, solution) for each in solution.packages}
        for group in groups:
            group.components = [replace(each, **told[each.name]) for each in group.components]
        return _by_wish(groups)

    def _told(self, found: Pool, package: Package, solution: Solution) -> dict[str, Any]:
        """What only the feed and the choice of packages say of a component."""
        return {
            "kind": found.form.name,
            "feed": found.index(package).feed.line,
            "needs": solution.needs[package.name],
            "asked": any(relation.name == package.name for relation in self.wanted),
        }

    def _pool(self) -> Pool:
        unknown = [feed.format for feed in self.spec.feeds or () if feed.format not in (*self.formats, "")]
        if unknown:
            raise SdkError(
                f"no package format is named {unknown[0]!r}",
                detail=f"known: {', '.join(self.formats)}",
                code="unknown-plugin",
            )
        return pool.read(self.spec.feeds or (), self.formats, self.platform, self.progress.step)

    def _skeleton(self, found: Pool) -> list[store.Have]:
        known = [package for name in _SKELETON for package in found.named(name)[:1] if package.name == name]
        return store.bring(found, known, self.progress)


def _by_wish(groups: Sequence[Group]) -> list[Group]:
    """Those that were asked for by name above what they need."""
    *of_packages, made = groups
    return [*sorted(of_packages, key=lambda group: (_asked(group), group.name)), made]


def _asked(group: Group) -> bool:
    return any(each.asked for each in group.components)
