"""Packages out of feeds as the files of an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sdk_hooks.core.bom import copyright
from sdk_hooks.core.bom.component import Component
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

_SKELETON = ("base-passwd", "base-files", "setup", "filesystem")
"""Of Debian and of OE, and of Fedora: have the users and directories that packages expect."""


class Choice(NamedTuple):
    """The packages of an image."""

    pool: Pool
    """Where they are."""
    solution: Solution
    skeleton: list[Package]
    """Those that have the distribution's users and directories, for when no base image has."""


class FeedSource:
    """What container.yaml and the command line want out of feeds.

    :param formats: By name.
    """

    def __init__(
        self, spec: Spec, platform: Platform, formats: Mapping[str, PackageFormat], progress: Progress
    ) -> None:
        self.spec, self.platform, self.formats, self.progress = spec, platform, formats, progress
        self.fresh = False
        """Whether to ask servers also for what they were asked for a moment ago."""
        self.digests: Mapping[str, str] = {}
        """Of what each feed lists, by its line; known once they were read."""

    @property
    def wanted(self) -> Sequence[Relation]:
        return self.spec.install or ()

    def groups(self, base: Merged | None) -> list[Group]:
        """The groups of an image, those that were asked for by name above what they need.

        :param base: What a base image shows below.
        :raises SdkError: When they are not to be had, or can't be installed.
        """
        choice = self.choose()
        have = store.bring(choice.pool, choice.solution.packages, self.progress)
        first = choice.skeleton if install.begins(base) else []
        allowed = Allowed(self.spec.setuid or (), self.spec.skip_scripts or ())
        brought = store.bring(choice.pool, first, self.progress)
        groups = install.install(have, brought, allowed, base, choice.pool.form)
        said = copyright.licenses({each.package.name: each.content.entries for each in have})
        told = {each.name: self._told(choice, each, said) for each in choice.solution.packages}
        for group in groups:
            group.components = [replace(each, **told[each.name]) for each in group.components]
        groups[-1].read = [component(choice.pool, package) for package in first]
        return _by_wish(groups)

    def packages(self) -> list[Component]:
        """What `groups` would install of the feeds as they are this moment; only lists are fetched.

        :raises SdkError: When they are not to be had.
        """
        self.fresh = True
        choice = self.choose()
        return [component(choice.pool, package) for package in choice.solution.packages]

    def choose(self) -> Choice:
        """Which packages there are to be in the image.

        :raises SdkError: When they are not to be had.
        """
        found = self._pool()
        self.digests = found.digests()
        return Choice(found, solve.solve(found, self.wanted, bool(self.spec.recommends)), skeleton(found))

    def _told(self, choice: Choice, package: Package, said: Mapping[str, str]) -> dict[str, Any]:
        """What the feed and the choice of packages tell of a component, and what they *said* of licences."""
        return {
            **_place(choice.pool, package),
            "needs": choice.solution.needs[package.name],
            "license": package.license or said.get(package.name, ""),
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
        step = self.progress.step
        return pool.read(self.spec.feeds or (), self.formats, self.platform, step, fresh=self.fresh)


def skeleton(found: Pool) -> list[Package]:
    """The packages that have the distribution's users and directories."""
    return [package for name in _SKELETON for package in found.named(name)[:1] if package.name == name]


def component(found: Pool, package: Package) -> Component:
    """*package* as a part of an image, before its files are known."""
    return replace(install.component(package), **_place(found, package))


def _place(found: Pool, package: Package) -> dict[str, Any]:
    index = found.index(package)
    return {"kind": found.form.name, "feed": index.feed.line, "path": index.path(package)}


def _by_wish(groups: Sequence[Group]) -> list[Group]:
    """Those that were asked for by name above what they need."""
    *of_packages, made = groups
    return [*sorted(of_packages, key=lambda group: (_asked(group), group.name)), made]


def _asked(group: Group) -> bool:
    return any(each.asked for each in group.components)
