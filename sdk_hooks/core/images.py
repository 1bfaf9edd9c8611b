"""Where built images lie, and how the user names them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from sdk_hooks.core.oci import adopt, imageset
from sdk_hooks.core.oci.imageset import ImageSet
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.paths import data_directory
from sdk_hooks.core.push.place import untagged
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image


def store() -> Path:
    """Where images go when there is no SDK with a deploy directory."""
    return data_directory() / "images"


def place(directory: Path, name: str, tag: str, suffix: str = "-oci") -> Path:
    """The name that meta-virtualization gives: `<name>-<tag>-oci`, with _ for what a file name can't have."""
    return directory / f"{name}-{tag.replace(':', '_')}{suffix}"


def find(wanted: str, directory: Path, tag: str = "latest") -> Image:
    """The image that *wanted* names: a path to a layout or an archive, else a name in *directory*.

    :raises SdkError: With what there is, when there is no such image.
    """
    path = _layout(wanted, directory, tag)
    return adopt.archive(path) if path.is_file() else Layout(path).image()


def find_set(wanted: str, directory: Path, tag: str = "latest") -> ImageSet:
    """The image that *wanted* names, as `find` does, for each platform that its layout has one for.

    :raises SdkError: With what there is, when there is no such image.
    """
    return imageset.read(_layout(wanted, directory, tag))


def _layout(wanted: str, directory: Path, tag: str) -> Path:
    path = Path(wanted)
    if os.sep in wanted and not path.exists():
        raise SdkError(
            f"there is no {wanted!r}",
            hint="give the directory of an OCI layout, a .tar archive, or the name of a built image",
            code="no-image",
        )
    if os.sep in wanted or (path / "index.json").exists() or (path.suffix == ".tar" and path.is_file()):
        return path
    found = place(directory, wanted, tag)
    if not (found / "index.json").exists():
        raise SdkError(
            f"there is no image {wanted!r} with tag {tag!r}",
            detail=f"images in '{directory}': {', '.join(_names(directory)) or 'none'}",
            hint=f"build it: devtool container-build {wanted}{'' if tag == 'latest' else f' --tag {tag}'}",
            code="no-image",
        )
    return found


def joined(found: ImageSet, places: Sequence[Path]) -> ImageSet:
    """*found* with what other SDKs made of the same image.

    :param places: Each a directory of images, an SDK that has one, or an image by itself.
    :raises SdkError: When two are for the same platform.
    """
    more = [image for place in places for image in _same(found, place)]
    return imageset.of([*found.images, *more]) if more else found


def _same(found: ImageSet, place: Path) -> Iterator[Image]:
    if (place / "index.json").exists():
        made = imageset.read(place)
        if untagged(made.name) == untagged(found.name):
            yield from made.images
        return
    name = found.images[0].layout.absolute().name
    for path in (place / name, *sorted(place.glob(f"tmp/deploy/images/*/{name}"))):
        if (path / "index.json").exists():
            yield from imageset.read(path).images


def place_of(wanted: str, directory: Path) -> str:
    """Where the image is that *wanted* names: any path, else `NAME` or `NAME:TAG` of one in *directory*.

    :raises SdkError: With what there is, when there is no such image.
    """
    if os.sep in wanted or Path(wanted).is_file() or _is_image(Path(wanted)):
        return wanted
    name, _, tag = wanted.partition(":")
    return str(find(name, directory, tag or "latest").layout)


def base(wanted: str, directory: Path, own: str = "") -> str:
    """The base image that *wanted* means: a path, else the name of an image in *directory*.

    Names are looked up as meta-virtualization does it for OCI_BASE_IMAGE.

    :param own: The name of the image that is to be built, which can't be its own base.
    :returns: Its path; empty when *wanted* is a name that no image has.
    :raises SdkError: When it means one that is in a registry.
    """
    if "://" in wanted:
        raise SdkError(
            f"the base image {wanted!r} is not on this machine",
            hint=f"fetch it: skopeo copy {wanted} oci:base:latest; then use base",
            code="no-base",
        )
    if os.sep in wanted:
        return wanted
    names = (f"{wanted}-latest-oci", f"{wanted}-oci", wanted) if wanted != own else ()
    places = [Path(wanted), *(directory / name for name in names)]
    return next((str(place) for place in places if _is_image(place)), "")


def _is_image(path: Path) -> bool:
    """Whether it looks like a layout or an archive: a directory may have the name of a base by chance."""
    return path.is_file() or any((path / name).exists() for name in ("index.json", "manifest.json"))


def _names(directory: Path) -> list[str]:
    if not directory.is_dir():
        return []
    return sorted(path.parent.name.removesuffix("-oci") for path in directory.glob("*-oci/index.json"))
