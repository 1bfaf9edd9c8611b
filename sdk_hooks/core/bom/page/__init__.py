"""One self-contained HTML page of an image: it needs no network, no server and no library."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sdk_hooks.core.bom import configuration
from sdk_hooks.core.bom.difference import Difference
from sdk_hooks.core.bom.inspection import NOBODY, Inspection

_SINGLE = 4000
"""Files that are in the page one by one: the largest. The others are there together, by package and layer."""
_LISTED = 500
"""Lines of a list of files."""
_WIDE = 160
"""Letters of a text in the table of packages."""

Row = list[Any]


def of_image(image: Inspection) -> str:
    """The page of *image*."""
    return _page(image.name or image.digest[:19], _data(image))


def of_difference(found: Difference) -> str:
    """The page of the new image, with what is different from the old one."""
    title = f"{found.old.name or found.old.digest[:19]} → {found.new.name or found.new.digest[:19]}"
    return _page(title, {**_data(found.new), "difference": _difference(found)})


def _page(title: str, data: Mapping[str, Any]) -> str:
    style = _file("page.css")
    script = "\n".join(_file(f"{name}.js") for name in ("squarify", "tree", "treemap", "tables", "main"))
    # a browser ends the element at "</script", wherever that stands
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    policy = f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    safe = text.encode(errors="replace").decode()  # names of files need not be text
    # in the order of the page, so that no value is looked at for a place of another one
    parts = {"policy": policy, "title": html.escape(title), "style": style, "data": safe, "script": script}
    done, rest = [], _file("page.html")
    for name, value in parts.items():
        before, _, rest = rest.partition(f"@{name}@")
        done += [before, value]
    return "".join([*done, rest])


def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _data(image: Inspection) -> dict[str, Any]:
    hidden = sorted(image.hidden, key=lambda each: (-each.size, each.path))
    return {
        "name": image.name,
        "digest": image.digest,
        "platform": str(image.platform),
        "size": image.size,
        "files": len(image.files),
        "wasted": image.wasted,
        "unowned": [len(image.unowned), sum(each.entry.size for each in image.unowned)],
        "config": list(configuration.told(image.config).items()),
        "layers": [[la.digest, la.size, la.files, la.hidden, _short(la.comment)] for la in image.layers],
        "packages": _packages(image),
        "tree": _tree(image),
        "hidden": [[f"/{each.path}", each.size, each.layer, each.by] for each in hidden[:_LISTED]],
        "moreHidden": len(hidden[_LISTED:]),
        "remarks": list(image.remarks),
    }


def _packages(image: Inspection) -> list[Row]:
    """name, version, architecture, size, files, layers, licence, recipe, feed, summary, asked, why."""
    places = {each.component.name: index for index, each in reversed(list(enumerate(image.packages)))}
    return [
        [
            each.component.name,
            each.component.version,
            each.component.architecture,
            each.size,
            each.files,
            list(each.layers),
            _short(each.component.license),
            each.component.source,
            _short(each.component.feed),
            _short(each.component.summary),
            int(each.component.asked),
            [places[name] for name in each.why[:-1]],
        ]
        for each in image.packages
    ]


def _tree(image: Inspection) -> list[Row]:
    """path, size, package, layer of large files; top directory, size, package, layer, count of small ones."""
    order = sorted((each for each in image.files if each.entry.size), key=lambda each: -each.entry.size)
    rows: list[Row] = [[f.entry.path, f.entry.size, f.package, f.layer] for f in order[:_SINGLE]]
    sizes: defaultdict[tuple[str, int, int], int] = defaultdict(int)
    counts: Counter[tuple[str, int, int]] = Counter()
    for each in order[_SINGLE:]:
        top, slash, _ = each.entry.path.partition("/")
        key = (top if slash else "", each.package, each.layer)
        sizes[key] += each.entry.size
        counts[key] += 1
    small = (
        [top, size, package, layer, counts[top, package, layer]]
        for (top, package, layer), size in sizes.items()
    )
    return [*rows, *small]


def _difference(found: Difference) -> dict[str, Any]:
    old = found.old
    files = sorted(found.files, key=lambda each: (-abs(each.delta), each.path))
    return {
        "old": {"name": old.name, "digest": old.digest, "size": old.size, "files": len(old.files)},
        "shared": [len(found.shared), sum(layer.size for layer in found.shared)],
        "sent": [layer.digest for layer in found.sent],
        "settings": [[each.name, _short(each.old), _short(each.new)] for each in found.settings],
        "packages": [
            [
                each.name,
                each.change,
                each.old.component.version if each.old else "",
                each.new.component.version if each.new else "",
                each.delta,
            ]
            for each in found.packages
        ],
        "files": [[f"/{each.path}", each.change, each.delta] for each in files[:_LISTED]],
        "counts": _counts(each.change for each in files),
        "nobody": NOBODY,
    }


def _counts(changes: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(changes).items()))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDE else f"{line[: _WIDE - 1]}…"
