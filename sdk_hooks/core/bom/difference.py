"""What is different between two images: packages, files, layers, and how they are run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sdk_hooks.core.bom import configuration
from sdk_hooks.core.bom.inspection import File, Inspection, Layer, Package

T = TypeVar("T")


@dataclass(frozen=True)
class Packages:
    """A package that is in one image only, or not the same in both."""

    old: Package | None
    new: Package | None

    @property
    def name(self) -> str:
        return _either(self.old, self.new).component.name

    @property
    def change(self) -> str:
        return _change(self.old, self.new)

    @property
    def delta(self) -> int:
        """Bytes that it takes more."""
        return (self.new.size if self.new else 0) - (self.old.size if self.old else 0)


@dataclass(frozen=True)
class Files:
    """A file that is in one image only, or not the same in both."""

    old: File | None
    new: File | None

    @property
    def path(self) -> str:
        return _either(self.old, self.new).entry.path

    @property
    def change(self) -> str:
        return _change(self.old, self.new)

    @property
    def delta(self) -> int:
        """Bytes that it takes more."""
        return (self.new.entry.size if self.new else 0) - (self.old.entry.size if self.old else 0)


@dataclass(frozen=True)
class Setting:
    """A part of the image's config that is not the same in both; empty where it is not set."""

    name: str
    old: str
    new: str


@dataclass(frozen=True)
class Difference:
    """From *old* to *new*."""

    old: Inspection
    new: Inspection
    packages: tuple[Packages, ...]
    """By name."""
    files: tuple[Files, ...]
    """By path."""
    shared: tuple[Layer, ...]
    """Layers of the new image that the old one has too: these need not be sent again."""
    sent: tuple[Layer, ...]
    """The others."""
    settings: tuple[Setting, ...]

    @property
    def same(self) -> bool:
        """Whether there is no difference at all."""
        return not (self.packages or self.files or self.sent or self.settings)


def compare(old: Inspection, new: Inspection) -> Difference:
    """Compare two images that were read with `digests`."""
    known = {layer.digest for layer in old.layers}
    files = tuple(_files(old, new))
    return Difference(
        old,
        new,
        tuple(_packages(old, new, files)),
        files,
        tuple(layer for layer in new.layers if layer.digest in known),
        tuple(layer for layer in new.layers if layer.digest not in known),
        tuple(_settings(old, new)),
    )


def _files(old: Inspection, new: Inspection) -> Iterator[Files]:
    before = {each.entry.path: each for each in old.files}
    after = {each.entry.path: each for each in new.files}
    for path in sorted(before.keys() | after.keys()):
        one, other = before.get(path), after.get(path)
        if one is None or other is None or one.entry != other.entry:
            yield Files(one, other)


def _packages(old: Inspection, new: Inspection, files: tuple[Files, ...]) -> Iterator[Packages]:
    """With those of the same version that have a file that is not the same."""
    touched = {
        owner.component.name
        for each in files
        for owner in (_owner(old, each.old), _owner(new, each.new))
        if owner is not None
    }
    before, after = _by_name(old), _by_name(new)
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name), after.get(name)
        if one is None or other is None or name in touched or _version(one) != _version(other):
            yield Packages(one, other)


def _by_name(image: Inspection) -> Mapping[str, Package]:
    """Packages by name; of those of several architectures with that as well."""
    count = Counter(each.component.name for each in image.packages)
    found = {}
    for each in image.packages:
        component = each.component
        alone = count[component.name] == 1
        found[component.name if alone else f"{component.name}:{component.architecture}"] = each
    return found


def _owner(image: Inspection, file: File | None) -> Package | None:
    return image.owner(file) if file else None


def _version(package: Package) -> tuple[str, str]:
    return package.component.version, package.component.architecture


def _either(one: T | None, other: T | None) -> T:
    found = one if other is None else other
    assert found is not None  # noqa: S101  one of them is there
    return found


def _change(old: object, new: object) -> str:
    return "added" if old is None else "removed" if new is None else "changed"


def _settings(old: Inspection, new: Inspection) -> Iterator[Setting]:
    before, after = configuration.told(old.config), configuration.told(new.config)
    platforms = Setting("platform", str(old.platform), str(new.platform))
    names = sorted(before.keys() | after.keys())
    for each in (platforms, *(Setting(name, before.get(name, ""), after.get(name, "")) for name in names)):
        if each.old != each.new:
            yield each
