"""Images of other people's tools, made into what targets are sent: layers uncompressed, OCI's media types."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from sdk_hooks.core.disk import writing
from sdk_hooks.core.oci import base
from sdk_hooks.core.oci.base import Found
from sdk_hooks.core.oci.layout import Layout, stem
from sdk_hooks.core.paths import cache_directory
from sdk_hooks.image import CONFIG, MANIFEST, Image

_OLD = 30 * 86400
"""Seconds after which a copy that nobody asked for goes."""


def plain(image: Image) -> Image:
    """*image*, or a copy of it: without an engine a target unpacks plain layers, and no others are found
    again on every engine, nor is zstd known to all of them.

    :raises SdkError: When it is damaged, or there is no room for a copy.
    """
    blobs = [layer.digest for layer in image.layers]
    if image.descriptor.media_type == MANIFEST and blobs == list(image.diff_ids):
        return image
    with base.find(str(image.layout), image.platform) as found:
        return _copy(str(image.layout), found, image.name)


def archive(path: Path) -> Image:
    """A copy of the image in the archive at *path*: an OCI layout in a tar, or a docker-archive.

    :raises SdkError: When there is none, or several, or it is damaged, or there is no room for a copy.
    """
    with base.find(str(path), None) as found:
        return _copy(str(path), found, found.name or f"localhost/{stem(path)}:latest")


def _copy(place: str, found: Found, name: str) -> Image:
    """The copy of the image at *place*, made when it is first asked for."""
    store = cache_directory() / "images"
    target = Layout(store / f"{found.digest.partition(':')[2]}-{name.replace('/', '_').replace(':', '_')}")
    target.create()
    with target.locked():
        made = target.find()
        if made is None:
            for old in _forgotten(store):
                shutil.rmtree(old, ignore_errors=True)
            layers = [base.copy(place, found.opener, each, diff, target) for each, diff in found.layers]
            config = target.add_json(found.config, CONFIG)
            parts = {"config": config.to_json(), "layers": [layer.to_json() for layer in layers]}
            notes = {"annotations": dict(found.notes)} if found.notes else {}
            manifest = target.add_json(
                {"schemaVersion": 2, "mediaType": MANIFEST, **parts, **notes}, MANIFEST
            )
            keys = ("architecture", "os", "variant")
            target.commit(manifest, name, {key: found.config[key] for key in keys if key in found.config})
            made = target.image()
    with writing(target.path):
        os.utime(target.path)
    return made


def _forgotten(store: Path) -> Iterator[Path]:
    limit = time.time() - _OLD
    return (each for each in store.iterdir() if each.stat().st_mtime < limit)
