"""Images of one name for several architectures, as several SDKs make them, and as an index has them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from sdk_hooks.core import build
from sdk_hooks.core.disk import to_json
from sdk_hooks.core.oci.layout import Layout, name_annotations
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.image import INDEX, Image
from sdk_hooks.target import Platform

from .helpers import file, source


def built(
    place: Path, architecture: str, variant: str = "", *, name: str = "web", spec: Spec | None = None
) -> Image:
    """The image *name* for a platform, whose program is not that of another; in a directory of images."""
    program = file(f"usr/bin/{name}", f"#!{architecture}{variant}".encode(), 0o755)
    wanted = source(program, platform=Platform(architecture, variant))
    return build.build(name, wanted, spec or Spec(), place / f"{name}-latest-oci", 1000).image


def indexed(place: Path, *images: Image, extra: tuple[dict[str, object], ...] = ()) -> bytes:
    """Make a layout whose one entry is an index of *images*, as `skopeo copy --all` does; gives the index."""
    Layout(place).create()
    for image in images:
        shutil.copytree(image.layout, place, dirs_exist_ok=True)
    keys = ("architecture", "os")
    entries = [
        {**each.descriptor.to_json(), "platform": {key: each.config[key] for key in keys}} for each in images
    ]
    raw = json.dumps({"schemaVersion": 2, "manifests": [*entries, *extra], "mediaType": INDEX}).encode()
    entry = Layout(place).add([raw], INDEX).to_json()
    top = {
        "schemaVersion": 2,
        "manifests": [{**entry, "annotations": name_annotations("localhost/web:latest")}],
    }
    (place / "index.json").write_bytes(to_json(top))
    return raw
