"""Why one package or one file is in an image."""

from __future__ import annotations

from dataclasses import dataclass

from sdk_hooks.core.bom.inspection import File, Inspection, Package
from sdk_hooks.core.bom.visible import Hidden
from sdk_hooks.core.files.links import Links
from sdk_hooks.errors import SdkError, did_you_mean


@dataclass(frozen=True)
class Reason:
    """Why a package or a file is there."""

    chain: tuple[Package, ...]
    """From what was asked for, or what nothing needs, to the package; empty for a file of none."""
    needed_by: tuple[str, ...]
    """Names of all packages that need it."""
    file: File | None = None
    """When it was asked about one."""
    covers: tuple[Hidden, ...] = ()
    """What lies below the file in other layers."""


def why(image: Inspection, wanted: str) -> Reason:
    """Why *wanted* is in *image*: the name of a package, or a path, which has a slash.

    :raises SdkError: When it is not there.
    """
    if "/" in wanted:
        return _file(image, wanted)
    for package in image.packages:
        if wanted == package.component.name:
            return Reason(*_chain(image, package))
    names = [each.component.name for each in image.packages]
    raise SdkError(
        f"the image has no package {wanted!r}",
        detail="" if names else "nothing says which packages it has",
        hint=did_you_mean(wanted, names) or f"if it is a file: --why /{wanted}",
        code="no-package",
    )


def _chain(image: Inspection, package: Package) -> tuple[tuple[Package, ...], tuple[str, ...]]:
    known = {each.component.name: each for each in reversed(image.packages)}
    known[package.component.name] = package
    name = package.component.name
    needed_by = sorted({each.component.name for each in image.packages if name in each.component.needs})
    return tuple(known[each] for each in package.why), tuple(needed_by)


def _file(image: Inspection, wanted: str) -> Reason:
    files = {each.entry.path: each for each in image.files}
    links = Links({path: each.entry for path, each in files.items()})
    path = links.real(wanted.strip("/"))
    covers = tuple(each for each in image.hidden if each.path == path)
    if path not in files:
        raise _missing(image, path, covers)
    owner = image.owner(files[path])
    return Reason(*(_chain(image, owner) if owner else ((), ())), files[path], covers)


def _missing(image: Inspection, path: str, covers: tuple[Hidden, ...]) -> SdkError:
    gone = [f"layer {each.layer + 1} has it, layer {each.by + 1} deletes it" for each in covers]
    if any(each.entry.path.startswith(f"{path}/") for each in image.files):
        return SdkError(f"'/{path}' is a directory", hint=f"--files '/{path}/*'", code="no-file")
    what = f"the image has no file '/{path}'"
    return SdkError(
        what, detail="\n".join(gone), hint=f"--files '*{path.rpartition('/')[2]}*'", code="no-file"
    )
