"""Builds an image: files in, OCI layout out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sdk_hooks.core.bom import record
from sdk_hooks.core.bom.record import Record
from sdk_hooks.core.files import compose
from sdk_hooks.core.files.fileset import HARDLINK, Group, Merged, same
from sdk_hooks.core.files.tree import Source
from sdk_hooks.core.oci import imageconfig, layers
from sdk_hooks.core.oci.layers import Layer
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.errors import SdkError
from sdk_hooks.image import CONFIG, MANIFEST, Image
from sdk_hooks.target import Platform

if TYPE_CHECKING:
    from sdk_hooks.core.bom.component import Component
    from sdk_hooks.core.oci.base import Base

EPOCH = 1302044400
"""When nobody sets SOURCE_DATE_EPOCH: OE-Core's SOURCE_DATE_EPOCH_FALLBACK, 5 April 2011."""

_LAST = 0o77777777777
"""In the year 2242."""


@dataclass(frozen=True)
class Built:
    """What a build made."""

    image: Image
    previous: Image | None
    """What stood in the same layout before; its layers may be gone."""
    layers: tuple[Layer, ...]
    """Without the base's."""
    record: Record
    """What was put in."""

    @property
    def written(self) -> int:
        """Bytes of layers that were not there before."""
        return sum(layer.blob.size for layer in self.layers if not layer.reused)


def build(
    name: str,
    source: Source,
    spec: Spec,
    target: Path,
    epoch: int,
    accept: Callable[[Record], None] | None = None,
) -> Built:
    """Build the image *name* into the layout at *target*, replacing what it has.

    :param source: Files of the application and of what it needs.
    :param spec: What everybody together said about it.
    :param epoch: Seconds since 1970; no file is younger.
    :param accept: Raises an SdkError when what was made must not take the place of what is there.
    :raises SdkError: When something does not fit; the layout then still has what it had.
    """
    layout = Layout(target)
    layout.create()
    with layout.locked():
        previous = layout.find()
        merged = Merged()
        base = _base(spec.base, source.platform, layout, merged) if spec.base else None
        below = _below(spec.base, base, merged) if base and spec.base else ()
        there = source.below(merged if base else None, below) if source.below else []
        platform = source.platform or _platform_of(base) or _required(name)
        groups = [*there, *source.groups]
        if base is None:
            spec = _with_program(name, source, [group for group in groups if not group.fixed], spec)
        groups = _in_order(groups, source, spec, base)
        writer = layers.Writer(layout, merged, epoch)
        for group in groups:
            writer.write(group)
        writer.write(compose.configuration(spec, merged, imageconfig.user(spec, base.config if base else {})))
        compose.check_program(imageconfig.program(spec, base.config if base else {}), spec, merged)
        writer.done()
        made = writer.layers
        config = imageconfig.config(spec, platform, base.config if base else {}, made, epoch)
        config_blob = layout.add_json(config, CONFIG)
        blobs = [*(base.layers if base else ()), *(layer.blob for layer in made)]
        manifest = layout.add_json(imageconfig.manifest(config_blob, blobs, spec), MANIFEST)
        contents = _record(manifest.digest, epoch, groups, made, base, below)
        if accept:
            accept(contents)
        layout.commit(manifest, full_name(name, spec), _platform_json(platform))
        return Built(layout.image(), previous, tuple(made), contents)


def _in_order(groups: Sequence[Group], source: Source, spec: Spec, base: Base | None) -> list[Group]:
    """A group for each layer, bottom first; those of a base image as they are."""
    fixed = [group for group in groups if group.fixed]
    bare = base is None and source.foundation and not _has_users(groups)
    own = compose.split(_above(fixed, [group for group in groups if not group.fixed]), spec.layers or ())
    room = layers.room((len(base.layers) if base else 0) + len(fixed))
    return [*fixed, *layers.capped([*([compose.foundation()] if bare else []), *own], room)]


def _above(fixed: Sequence[Group], groups: Sequence[Group]) -> list[Group]:
    """*groups* without what the base has just so: BitBake's root file system has libraries of its own."""
    below = {path: entry for group in fixed for path, entry in group.entries.items()}
    for group in groups if below else ():
        found = group.entries
        linked = {entry.link for entry in found.values() if entry.kind == HARDLINK}
        known = {path for path in set(found) & set(below) - linked if same(below[path], found[path])}
        group.entries = {path: entry for path, entry in found.items() if path not in known}
    return list(groups)


def _with_program(name: str, source: Source, groups: Sequence[Group], spec: Spec) -> Spec:
    """*spec* with what is run, when nobody said it: a base's init, the one program, or what a base runs.

    :raises SdkError: When that is not clear.
    """
    defaults = source.defaults or Spec()
    if spec.entrypoint is not None:
        return spec
    if defaults.entrypoint:
        return spec.over(defaults)
    if spec.cmd is not None:
        return spec
    try:
        return replace(spec, entrypoint=compose.entrypoint(name, groups))
    except SdkError:
        if source.groups or defaults.cmd is None:
            raise
        return spec.over(defaults)


def _record(
    digest: str,
    epoch: int,
    groups: Sequence[Group],
    made: Sequence[Layer],
    base: Base | None,
    below: tuple[Component, ...],
) -> Record:
    components = tuple(component for group in groups for component in group.components)
    read = tuple(component for group in groups for component in group.read)
    layers = tuple(record.Layer(layer.blob.digest, layer.comment) for layer in made)
    return Record(digest, epoch, components, layers, base.digest if base else "", below, read)


def _below(place: str, base: Base, merged: Merged) -> tuple[Component, ...]:
    """What is in the base image: what its own build kept, else what its package manager knows."""
    from sdk_hooks.core.bom import database

    known = record.of_layout(Path(place), base.digest)
    untold: list[str] = []  # container-inspect says it of the image
    return known.every if known else database.components(merged.entries, untold.append)


def full_name(name: str, spec: Spec) -> str:
    """`localhost/web:latest`: podman's name for what has no registry, and never docker.io's by mistake."""
    return f"{spec.image or f'localhost/{name}'}:{spec.tag or 'latest'}"


def source_date_epoch() -> int:
    """SOURCE_DATE_EPOCH of the environment, or OE-Core's fallback.

    :raises SdkError: When it is not a number of seconds, or one that a tar header has no room for.
    """
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    if text and not (text.isdecimal() and int(text) <= _LAST):
        hint = "set it to seconds since 1970, or unset it"
        raise SdkError(f"SOURCE_DATE_EPOCH is {text!r}", hint=hint, code="bad-variable")
    return int(text or EPOCH)


def _base(place: str, platform: Platform | None, layout: Layout, merged: Merged) -> Base:
    from sdk_hooks.core.oci import base  # tarfile and gzip: most builds have no base

    found = base.read(place, platform, layout, merged)
    merged.settle()
    return found


def _platform_of(base: Base | None) -> Platform | None:
    if base is None:
        return None
    config = base.config
    return Platform(config["architecture"], config.get("variant", ""), config["os"])


def _required(name: str) -> Platform:
    raise SdkError(
        f"nothing says which architecture {name!r} is for: it has no program",
        hint="say it: --platform linux/arm64",
        code="no-platform",
    )


def _has_users(groups: Sequence[Group]) -> bool:
    return any("etc/passwd" in group.entries for group in groups)


def _platform_json(platform: Platform) -> dict[str, str]:
    found = {"architecture": platform.architecture, "os": platform.os, "variant": platform.variant}
    return {key: value for key, value in found.items() if value}
