"""Finds the files of packages that BitBake has built."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.feeds import http


def found(components: Iterable[Component], directory: Path) -> tuple[Component, ...]:
    """*components* with path, size and digest of the files that *directory* has of them.

    Those of the recipe under edit have none: while it is edited no package is written.
    """
    known = {path.name: path for path in sorted(directory.rglob("*.*")) if path.suffix in _STEMS}
    return tuple(
        _with_file(each, known, directory) if each.kind and not each.feed and not each.asked else each
        for each in components
    )


_STEMS = {".deb": "{0}_{1}_", ".ipk": "{0}_{1}_", ".rpm": "{0}-{1}."}
"""How the names of files begin: with name and version."""


def _with_file(component: Component, known: dict[str, Path], directory: Path) -> Component:
    stem = _STEMS.get(f".{component.kind}", "").format(component.name, component.version)
    fitting = [path for name, path in known.items() if stem and name.startswith(stem)]
    if len(fitting) != 1:
        return component
    [path] = fitting
    return replace(
        component,
        path=path.relative_to(directory).as_posix(),
        size=path.stat().st_size,
        digest=http.digest_of(path, "sha256:"),
    )
