"""What is in an image, and why: layers, packages, files, and what was asked for that needs them."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from sdk_hooks.core.bom import copyright, database, reasons, record
from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.bom.visible import Hidden, Visible
from sdk_hooks.core.files import contents, headers
from sdk_hooks.core.files.fileset import DIRECTORY, Entry
from sdk_hooks.core.files.links import Links
from sdk_hooks.core.oci import base
from sdk_hooks.core.plain import DAMAGED, is_damage, seekable
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Platform

NOBODY = -1
"""Instead of the index of a package: the file is of none."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Layer:
    """One layer of the image."""

    digest: str
    """Of the uncompressed layer."""
    size: int
    """In bytes, uncompressed."""
    files: int
    """How many it has, directories not counted."""
    comment: str
    """What made it, by the image's history."""
    hidden: int
    """Bytes of its files that layers above it replace or delete."""


class File(NamedTuple):
    """One file that the image shows; no directory."""

    entry: Entry
    layer: int
    """Index, 0 is the bottom."""
    package: int
    """Index, or NOBODY."""


@dataclass(frozen=True)
class Package:
    """A component, and what of it can be seen in the image."""

    component: Component
    size: int
    """Bytes of its files in this image."""
    files: int
    layers: tuple[int, ...]
    """Indexes of the layers that its files are in."""
    why: tuple[str, ...]
    """Names from what was asked for, or what nothing needs, to this package, each needing the next one."""


@dataclass(frozen=True)
class Inspection:
    """An image that was looked into."""

    name: str
    digest: str
    """Of the manifest; of the config where there is none, as in a docker-archive."""
    platform: Platform
    config: Mapping[str, Any]
    """As image-spec's config.md has it."""
    layers: tuple[Layer, ...]
    """Bottom first."""
    packages: tuple[Package, ...]
    """The largest first."""
    files: tuple[File, ...]
    """By path."""
    hidden: tuple[Hidden, ...]
    """By path."""
    remarks: tuple[str, ...] = field(default=())
    """What could not be found out, and why."""

    @property
    def size(self) -> int:
        """Bytes of what can be seen."""
        return sum(each.entry.size for each in self.files)

    @property
    def wasted(self) -> int:
        """Bytes of what is in a layer and can't be seen."""
        return sum(each.size for each in self.hidden)

    @cached_property
    def unowned(self) -> tuple[File, ...]:
        """Files that are no package's."""
        return tuple(each for each in self.files if each.package == NOBODY)

    def owner(self, file: File) -> Package | None:
        """Whose *file* is."""
        return None if file.package == NOBODY else self.packages[file.package]


def read(place: str, platform: Platform | None = None, *, digests: bool = False) -> Inspection:
    """Look into the image at *place*, a layout directory or an archive.

    :param platform: Which one to take where there are several.
    :param digests: Whether to read all content, for the `stamp` of each file.
    :raises SdkError: When there is no such image, or it is damaged.
    """
    if not Path(place).exists():
        hint = "give the name of a built image, a layout directory or an archive"
        raise SdkError(f"there is no image at '{place}'", hint=hint, code="no-image")
    with _without_collector(), base.find(place, platform) as found:
        _check(place, found.config)
        shown, layers = Visible(), []
        for index, ((name, diff_id), comment) in enumerate(zip(found.layers, _comments(found), strict=True)):
            entries, size = _entries(place, found, name, digests)
            shown.add(index, entries)
            count = sum(each.kind != DIRECTORY and "/.wh." not in f"/{each.path}" for each in entries)
            layers.append(Layer(diff_id, size, count, comment, 0))
        return _inspection(place, found, layers, shown)


def _check(place: str, config: Mapping[str, Any]) -> None:
    """
    :raises SdkError: When a part of *config* is not what image-spec says that it is.
    """
    inner, history = config.get("config"), config.get("history")
    env = inner.get("Env") if isinstance(inner, dict) else None
    parts: list[tuple[str, object, type]]
    parts = [("config", inner, dict), ("history", history, list), ("Env", env, list)]
    parts += [(key, config.get(key), str) for key in ("architecture", "variant", "os")]
    parts += [("history", step, dict) for step in history] if isinstance(history, list) else []
    for key, value, kind in parts:
        if value is not None and not isinstance(value, kind):
            raise base.damaged(place, f"{key!r} of its config is {str(value)[:40]!r}")


@contextmanager
def _without_collector() -> Iterator[None]:
    """Nothing of what is read is garbage, and looking for some takes a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _entries(place: str, found: base.Found, name: str, digests: bool) -> tuple[list[Entry], int]:
    """What a layer has, and its size."""
    try:
        with ExitStack() as stack:
            packed = stack.enter_context(found.opener(name))
            stream = stack.enter_context(seekable(packed, "a layer of the image"))
            entries = list(headers.read(stream, contents.kept, digest=digests))
            return entries, stream.seek(0, os.SEEK_END)
    except FileNotFoundError as error:
        raise base.damaged(place, f"layer {name} is missing") from error
    except DAMAGED as error:
        if not is_damage(error):
            raise
        raise base.damaged(place, f"layer {name}: {error}") from error


def _comments(found: base.Found) -> list[str]:
    """Of each layer; empty where the history does not fit to the layers."""
    steps = [step for step in found.config.get("history") or () if not step.get("empty_layer")]
    if len(steps) != len(found.layers):
        return [""] * len(found.layers)
    texts = (str(step.get("comment") or step.get("created_by") or "") for step in steps)
    return [text.removeprefix("devtool-containers: ") for text in texts]


def _inspection(place: str, found: base.Found, layers: Sequence[Layer], shown: Visible) -> Inspection:
    remarks: list[str] = []
    components = _components(place, found, shown, remarks.append)
    owners = _owners(components, shown)
    packages, places = _packages(components, owners, shown)
    hidden = sorted(shown.hidden)
    files = (
        File(entry, shown.layers[path], places.get(owners.get(path, NOBODY), NOBODY))
        for path, entry in sorted(shown.entries.items())
        if entry.kind != DIRECTORY
    )
    raw = found.config
    platform = Platform(raw.get("architecture") or "", raw.get("variant") or "", raw.get("os") or "")
    return Inspection(
        found.name,
        found.digest,
        platform,
        raw.get("config") or {},
        tuple(_with_hidden(layers, hidden)),
        tuple(packages),
        tuple(files),
        tuple(hidden),
        tuple(remarks),
    )


def _with_hidden(layers: Sequence[Layer], hidden: Sequence[Hidden]) -> list[Layer]:
    lost = [0] * len(layers)
    for each in hidden:
        lost[each.layer] += each.size
    return [Layer(la.digest, la.size, la.files, la.comment, b) for la, b in zip(layers, lost, strict=True)]


def _components(place: str, found: base.Found, shown: Visible, tell: Tell) -> Sequence[Component]:
    """What the build kept, else what a package manager in the image knows."""
    known = record.of_layout(Path(place), found.digest)
    components = known.every if known else ()
    if known is None or (known.base and not known.below):
        components = (*database.components(shown.entries, tell), *components)
    return [_with_license(each, shown) for each in components]


def _with_license(component: Component, shown: Visible) -> Component:
    """What Debian's feeds do not say, its packages bring with them."""
    found = shown.entries.get(f"usr/share/doc/{component.name}/copyright")
    if component.license or component.kind != "deb" or found is None:
        return component
    return replace(component, license=copyright.license_of(found.data.decode(errors="replace")))


def _owners(components: Sequence[Component], shown: Visible) -> dict[str, int]:
    """Index of the component that each path is of; of two that have it, the later one's."""
    links = Links(shown.entries)
    return {links.real(path): index for index, each in enumerate(components) for path in each.files}


def _packages(
    components: Sequence[Component], owners: Mapping[str, int], shown: Visible
) -> tuple[list[Package], dict[int, int]]:
    """The packages in their order, and where in it each component is."""
    sizes, counts = [0] * len(components), [0] * len(components)
    layers: list[set[int]] = [set() for _ in components]
    for path, index in owners.items():
        entry = shown.entries.get(path)
        if entry is not None and entry.kind != DIRECTORY:
            sizes[index] += entry.size
            counts[index] += 1
            layers[index].add(shown.layers[path])
    chains = reasons.chains(components)
    order = sorted(range(len(components)), key=lambda i: (-sizes[i], components[i].name))
    packages = [
        Package(components[i], sizes[i], counts[i], tuple(sorted(layers[i])), chains[components[i].name])
        for i in order
    ]
    return packages, {index: at for at, index in enumerate(order)}
