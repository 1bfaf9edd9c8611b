"""Packages out of feeds as the files of an image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any, NamedTuple

from sdk_hooks.base_images import BaseImage
from sdk_hooks.core.bom import copyright
from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.build import source_date_epoch
from sdk_hooks.core.feeds import bases, database, install, licenses, pool, rights, solve, store
from sdk_hooks.core.feeds.install import Allowed
from sdk_hooks.core.feeds.paths import Paths
from sdk_hooks.core.feeds.pool import Pool
from sdk_hooks.core.feeds.solve import Solution
from sdk_hooks.core.files.fileset import Group, Merged
from sdk_hooks.core.oci.layers import capped
from sdk_hooks.core.scripts.root import Root
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.core.ui import human
from sdk_hooks.errors import UnknownPluginError
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
    """Those that were asked for, with what they need."""
    skeleton: list[Package]
    """Those that have the distribution's users and directories, for when no base image has."""
    chosen: bases.Chosen
    """What the base is made of, as it asks for it."""
    base: Solution
    """What the base is made of; empty when there is none, or it is an image."""


class FeedSource:
    """What container.yaml and the command line want out of feeds.

    :param formats: By name.
    :param base: The base image that is made of packages, too.
    """

    def __init__(
        self,
        spec: Spec,
        platform: Platform,
        formats: Mapping[str, PackageFormat],
        progress: Progress,
        base: BaseImage | None = None,
    ) -> None:
        self.spec, self.platform, self.formats, self.progress = spec, platform, formats, progress
        self.base = base if base and base.lists else None
        self.time = source_date_epoch()
        """When the packages are said to be installed, seconds since 1970: no file is younger."""
        self.fresh = False
        """Whether to ask servers also for what they were asked for a moment ago."""
        self.licenses = licenses.Licenses()
        """Knows those that packages do not tell."""
        self.digests: Mapping[str, str] = {}
        """Of what each feed lists, by its line; known once they were read."""

    @property
    def wanted(self) -> Sequence[Relation]:
        return self.spec.install or ()

    def groups(self, below: Merged | None, there: Sequence[Component] = ()) -> list[Group]:
        """The groups of an image: those of its base; then others, what was asked for by name on top.

        :param below: What the image of a base shows.
        :param there: What is known to be in it.
        :raises SdkError: When they are not to be had, or can't be installed.
        """
        choice, root = self.choose(there), Root(below)
        first = choice.skeleton if install.begins(below) else []
        brought = store.bring(choice.pool, first, self.progress)
        groups = self._base(choice, root, brought)
        if self.wanted:
            names = {relation.name for relation in self.wanted}
            groups += self._installed(choice.pool, root, brought, choice.solution, names, self._allowed())
        groups[-1].read = [component(choice.pool, package) for package in first]
        return groups

    def packages(self, there: Sequence[Component] = ()) -> list[Component]:
        """What `groups` would install of the feeds as they are this moment; only lists are fetched.

        :param there: What the image of a base has.
        :raises SdkError: When they are not to be had.
        """
        self.fresh = True
        choice = self.choose(there)
        chosen = (*choice.base.packages, *choice.solution.packages)
        return [component(choice.pool, package) for package in chosen]

    def choose(self, there: Sequence[Component] = ()) -> Choice:
        """Which packages there are to be in the image.

        :param there: What the image of a base has.
        :raises SdkError: When they are not to be had.
        """
        found = self._pool()
        self.digests = found.digests()
        have = [_known(found, each) for each in there if each.kind == found.form.name]
        chosen, base = bases.Chosen(), Solution([], {})
        if self.base:
            chosen = bases.choose(found, self.base)
            base = solve.solve(found, chosen.wanted, alone=chosen.alone)
        solution = self._solution(found, [*have, *base.packages]) if self.wanted else Solution([], {})
        return Choice(found, solution, self._skeleton(found), chosen, base)

    def _solution(self, found: Pool, have: Sequence[Package]) -> Solution:
        """What was asked for and all that it needs, without what the base has."""
        return solve.solve(found, self.wanted, bool(self.spec.recommends), have=have)

    def _skeleton(self, found: Pool) -> list[Package]:
        return skeleton(found)

    def _pool(self) -> Pool:
        unknown = [feed.format for feed in self.spec.feeds or () if feed.format not in (*self.formats, "")]
        if unknown:
            raise UnknownPluginError("package_format", unknown[0], self.formats)
        step = self.progress.step
        return pool.read(self.spec.feeds or (), self.formats, self.platform, step, fresh=self.fresh)

    def _base(self, choice: Choice, root: Root, brought: Sequence[store.Have]) -> list[Group]:
        """The groups of the base image, the same whatever is above them."""
        if not self.base:
            return []
        allowed = Allowed((*self.base.setuid, rights.NONE), exclude=self.base.exclude)
        names = {relation.name for relation in choice.chosen.wanted}
        groups = self._installed(choice.pool, root, brought, choice.base, names, allowed)
        bases.finish(root, self.base)
        groups = capped(groups, bases.LAYERS)
        for group in groups:
            group.fixed = True
        self._tell(self.base.name, choice.base, groups)
        root.above()
        return groups

    def _tell(self, name: str, solution: Solution, groups: Iterable[Group]) -> None:
        size, said = sum(group.size for group in groups), sum(p.installed_size for p in solution.packages)
        told = f", of {human(said)} that they say" if said else ""
        self.progress.step(f"base image {name}: {len(solution.packages)} packages, {human(size)}{told}")

    def _allowed(self) -> Allowed:
        exclude = self.spec.exclude if self.spec.exclude is not None or not self.base else self.base.exclude
        skipped, run = self.spec.skip_scripts or (), self.spec.run_scripts or ()
        return Allowed(self.spec.setuid or (), skipped, exclude or (), run)

    def _installed(
        self,
        found: Pool,
        root: Root,
        brought: Sequence[store.Have],
        solution: Solution,
        names: Set[str],
        allowed: Allowed,
    ) -> list[Group]:
        have = store.bring(found, solution.packages, self.progress)
        groups = install.install(have, brought, allowed, root, found.form)
        if self._wants_database(found):
            kept = Paths(allowed.exclude)
            about = database.About(kept, lambda package: package.name in names, self.platform, self.time)
            database.write(found.form.name, root, have, groups, about)
        said = self._licenses(found, have)
        told = {each.name: _told(found, each, solution, said, names) for each in solution.packages}
        for group in groups:
            group.components = [replace(each, **told[each.name]) for each in group.components]
        return _by_wish(groups)

    def _licenses(self, found: Pool, have: Sequence[store.Have]) -> dict[str, str]:
        """Of those that do not say it themselves: by copyright files, or by the build that made them."""
        said = copyright.licenses({each.package.name: each.content.entries for each in have})
        for package in (each.package for each in have):
            if not (package.license or said.get(package.name)):
                said[package.name] = self.licenses.of(package, found.index(package).feed)
        return said

    def _wants_database(self, found: Pool) -> bool:
        """Whether to write the package manager's database: as asked for, or as the base says it."""
        if self.spec.package_database is not None:
            return self.spec.package_database
        return bool(self.base and self.base.package_database and database.has(found.form.name))


def skeleton(found: Pool) -> list[Package]:
    """The packages that have the distribution's users and directories."""
    return [package for name in _SKELETON for package in found.named(name)[:1] if package.name == name]


def component(found: Pool, package: Package) -> Component:
    """*package* as a part of an image, before its files are known."""
    return replace(install.component(package), **_place(found, package))


def _known(found: Pool, component: Component) -> Package:
    """A package of a base image, as the feed has it if it has that version."""
    name, version = component.name, component.version
    same = (each for each in found.named(name) if (each.name, each.version) == (name, version))
    return next(same, Package(name, version, component.architecture, component.path))


def _told(
    found: Pool, package: Package, solution: Solution, said: Mapping[str, str], wanted: Iterable[str]
) -> dict[str, Any]:
    """What the feed and the choice of packages tell of a component, and what they *said* of licences."""
    return {
        **_place(found, package),
        "needs": solution.needs[package.name],
        "license": package.license or said.get(package.name, ""),
        "asked": package.name in wanted,
    }


def _place(found: Pool, package: Package) -> dict[str, Any]:
    index = found.index(package)
    return {"kind": found.form.name, "feed": index.feed.line, "path": index.path(package)}


def _by_wish(groups: Sequence[Group]) -> list[Group]:
    """Those that were asked for by name above what they need."""
    *of_packages, made = groups
    return [*sorted(of_packages, key=lambda group: (_asked(group), group.name)), made]


def _asked(group: Group) -> bool:
    return any(each.asked for each in group.components)
