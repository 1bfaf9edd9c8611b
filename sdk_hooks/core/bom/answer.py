"""What `container-inspect --format json` prints; inspect.schema.json, beside this file, says what it means.

Keys are added, and never taken away or given another meaning, without a new number in `version`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sdk_hooks.core.bom.difference import Difference
from sdk_hooks.core.bom.inspection import File, Inspection, Layer, Package
from sdk_hooks.core.bom.question import Reason
from sdk_hooks.core.bom.visible import Hidden
from sdk_hooks.core.files import fileset

VERSION = 1
_KINDS = {
    fileset.FILE: "file",
    fileset.HARDLINK: "hardlink",
    fileset.SYMLINK: "symlink",
    fileset.CHARACTER: "character-device",
    fileset.BLOCK: "block-device",
    fileset.FIFO: "fifo",
}


def schema() -> dict[str, Any]:
    """The JSON Schema of all answers."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("inspect.schema.json").read_bytes())
    return found


def of_image(image: Inspection, files: Iterable[File] | None = None) -> dict[str, Any]:
    """What is in *image*; with *files* these, one by one."""
    answer = {
        "version": VERSION,
        "image": _image(image),
        "layers": [_layer(each) for each in image.layers],
        "packages": [_package(each) for each in image.packages],
        "unowned": {"files": len(image.unowned), "size": sum(each.entry.size for each in image.unowned)},
        "hidden": [_hidden(each) for each in image.hidden],
        "remarks": list(image.remarks),
    }
    return answer if files is None else {**answer, "files": [_file(image, each) for each in files]}


def of_reason(image: Inspection, reason: Reason) -> dict[str, Any]:
    """Why a package or a file is in *image*."""
    return {
        "version": VERSION,
        "image": _image(image),
        "chain": [_package(each) for each in reason.chain],
        "needed_by": list(reason.needed_by),
        "file": _file(image, reason.file) if reason.file else None,
        "covers": [_hidden(each) for each in reason.covers],
    }


def of_difference(found: Difference) -> dict[str, Any]:
    """What is different between two images."""
    return {
        "version": VERSION,
        "old": _image(found.old),
        "new": _image(found.new),
        "layers": {
            "shared": [_layer(each) for each in found.shared],
            "sent": [_layer(each) for each in found.sent],
        },
        "packages": [
            {
                "name": each.name,
                "change": each.change,
                "old": _package(each.old) if each.old else None,
                "new": _package(each.new) if each.new else None,
                "delta": each.delta,
            }
            for each in found.packages
        ],
        "files": [
            {
                "path": f"/{each.path}",
                "change": each.change,
                "old": _file(found.old, each.old) if each.old else None,
                "new": _file(found.new, each.new) if each.new else None,
                "delta": each.delta,
            }
            for each in found.files
        ],
        "settings": [{"name": each.name, "old": each.old, "new": each.new} for each in found.settings],
    }


def _image(image: Inspection) -> dict[str, Any]:
    return {
        "name": image.name,
        "digest": image.digest,
        "platform": str(image.platform),
        "size": image.size,
        "files": len(image.files),
        "wasted": image.wasted,
        "config": dict(image.config),
    }


def _layer(layer: Layer) -> dict[str, Any]:
    return {
        "digest": layer.digest,
        "size": layer.size,
        "files": layer.files,
        "comment": layer.comment,
        "hidden": layer.hidden,
    }


def _package(package: Package) -> dict[str, Any]:
    component = package.component
    names = (
        "name",
        "version",
        "architecture",
        "kind",
        "source",
        "feed",
        "license",
        "homepage",
        "summary",
        "asked",
    )
    return {
        **{name: getattr(component, name) for name in names},
        "needs": list(component.needs),
        "size": package.size,
        "files": package.files,
        "layers": list(package.layers),
        "why": list(package.why),
    }


def _file(image: Inspection, file: File) -> dict[str, Any]:
    entry, owner = file.entry, image.owner(file)
    return {
        "path": f"/{entry.path}",
        "kind": _KINDS[entry.kind],
        "size": entry.size,
        "mode": f"{entry.mode:04o}",
        "uid": entry.uid,
        "gid": entry.gid,
        "link": entry.link,
        "layer": file.layer,
        "package": owner.component.name if owner else None,
    }


def _hidden(hidden: Hidden) -> dict[str, Any]:
    return {"path": f"/{hidden.path}", "size": hidden.size, "layer": hidden.layer, "by": hidden.by}
