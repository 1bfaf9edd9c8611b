"""Which recipes an SDK would build otherwise, by the signatures of their tasks that it is locked to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from sdk_hooks.core.bom.changes import Change

_LINE = re.compile(r"^\s*([^\s:]+):(do_\w+):(\w+)\s*\\?$", re.MULTILINE)
_BUILT = tuple(
    f"do_{name}"
    for name in (
        "package",
        "packagedata",
        "package_write_deb",
        "package_write_ipk",
        "package_write_rpm",
        "populate_sysroot",
    )
)
"""Tasks whose results end up in a container."""


def locked(text: str) -> dict[str, dict[str, str]]:
    """Signature by task, by recipe, of a `locked-sigs.inc`."""
    found: dict[str, dict[str, str]] = {}
    for recipe, task, signature in _LINE.findall(text):
        found.setdefault(recipe, {})[task] = signature
    return found


def changed(old: str, new: str) -> list[str]:
    """Recipes that are built otherwise by *new* than by *old*, two texts of `locked-sigs.inc`."""
    before, after = locked(old), locked(new)
    return sorted(name for name in {*before, *after} if _results(before, name) != _results(after, name))


def _results(of: Mapping[str, Mapping[str, str]], name: str) -> dict[str, str]:
    return {task: value for task, value in of.get(name, {}).items() if task in _BUILT}


def versions(paths: Iterable[str]) -> dict[str, str]:
    """Version by recipe, as the names of recipes' files have it; of several the one that sorts last."""
    found = {}
    for path in sorted(paths):
        name, _, version = os.path.basename(path).removesuffix(".bb").partition("_")
        if path.endswith(".bb") and version:
            found[name] = version
    return found


def changes(old: str, new: str, before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Change]:
    """By recipe, what `changed` finds, with versions where they are known, and the package's signatures.

    :param before: Version by recipe.
    :param after: Likewise.
    """
    ours, theirs = locked(old), locked(new)
    return {
        name: Change(name, _version(name, ours, before), _version(name, theirs, after))
        for name in changed(old, new)
    }


def _version(name: str, of: Mapping[str, Mapping[str, str]], known: Mapping[str, str]) -> str:
    if name not in of:
        return ""
    signatures = of[name]
    signature = next((signatures[task] for task in _BUILT if task in signatures), "")
    return " ".join(filter(None, [known.get(name, ""), signature and f"({signature[:8]})"]))


def recipes(layers: Path) -> list[str]:
    """The files of all recipes below *layers*."""
    return [str(path) for path in layers.glob("*/**/recipes-*/*/*.bb")]
