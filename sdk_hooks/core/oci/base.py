"""Base images: a layout directory, an OCI archive or a docker-archive, taken in uncompressed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from sdk_hooks.core.files import contents
from sdk_hooks.core.files.fileset import Merged
from sdk_hooks.core.oci.layout import Layout, image_name, refers
from sdk_hooks.core.plain import DAMAGED, is_damage, plain
from sdk_hooks.errors import SdkError
from sdk_hooks.image import DOCKER_INDEX, INDEX, LAYER, Descriptor
from sdk_hooks.target import Platform

INDEXES = (INDEX, DOCKER_INDEX)
_IMAGES = "make one of an image: skopeo copy docker://IMAGE oci:DIR"

Opener = Callable[[str], IO[bytes]]


@dataclass(frozen=True)
class Found:
    """An image where it lies, in whatever form it is in."""

    name: str
    """What its index or archive calls it; empty when neither does."""
    config: Mapping[str, Any]
    layers: Sequence[tuple[str, str]]
    """Where each is, for *opener*, and its diff ID; bottom first."""
    digest: str
    """As `Base.digest`."""
    opener: Opener
    notes: Mapping[str, str] = field(default_factory=dict)
    """The annotations of its manifest."""


@dataclass(frozen=True)
class Base:
    """A base image whose layers were copied into the layout that is being built."""

    config: Mapping[str, Any]
    layers: Sequence[Descriptor]
    digest: str
    """Of its manifest; of its config where it has none, as in a docker-archive."""


def read(place: str, platform: Platform | None, target: Layout, merged: Merged) -> Base:
    """Copy the image at *place* into *target*, and what its layers show into *merged*.

    :param platform: Which one to take where there are several, None when nothing says.
    :raises SdkError: When there is no image, or none for *platform*.
    """
    with find(place, platform) as found:
        _check_platform(place, found.config, platform)
        layers = []
        for name, diff_id in found.layers:
            layer = copy(place, found.opener, name, diff_id, target)
            layers.append(layer)
            _look(place, target.path / layer.path, merged)
            merged.layers.append(target.path / layer.path)
        return Base(found.config, layers, found.digest)


def digest(place: str, platform: Platform | None) -> str:
    """The digest of the image at *place*, as `read` gives it, without taking anything in.

    :raises SdkError: As `read`.
    """
    with find(place, platform) as found:
        return found.digest


@contextlib.contextmanager
def find(place: str, platform: Platform | None) -> Iterator[Found]:
    """The image at *place*, a layout directory or an archive, where it lies.

    :param platform: Which one to take where there are several, None when nothing says.
    :raises SdkError: When there is no image, or none for *platform*, or it is damaged.
    """
    path = Path(place)
    if not path.exists():
        hint = "give a layout directory or an archive"
        raise SdkError(f"there is no base image at '{path}'", hint=hint, code="no-base")
    if path.is_dir():
        yield _found(place, _files(path), platform)
        return
    with _archive(path) as archive:
        yield _found(place, _members(archive), platform)


def _files(directory: Path) -> Opener:
    def opener(name: str) -> IO[bytes]:
        return open(directory / name, "rb")

    return opener


def _archive(path: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(path)
    except tarfile.TarError as error:
        raise SdkError(
            f"'{path}' is neither a layout nor an archive", hint=_IMAGES, code="no-base"
        ) from error
    except OSError as error:
        raise SdkError(f"can't read '{path}'", detail=error.strerror or "", code="unreadable") from error


def _members(archive: tarfile.TarFile) -> Opener:
    found = {member.name.removeprefix("./"): member for member in archive.getmembers()}

    def opener(name: str) -> IO[bytes]:
        if name not in found:
            raise FileNotFoundError(name)
        return cast("IO[bytes]", archive.extractfile(found[name]))

    return opener


def _found(place: str, opener: Opener, platform: Platform | None) -> Found:
    try:
        name, config, names, digest, notes = _contents(place, opener, platform)
        blobs = list(zip(names, config["rootfs"]["diff_ids"], strict=True))
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, FileNotFoundError) as error:
        raise damaged(place, f"{type(error).__name__}: {error}") from error
    return Found(name, config, blobs, digest, opener, notes)


def _contents(
    place: str, opener: Opener, platform: Platform | None
) -> tuple[str, dict[str, Any], list[str], str, Mapping[str, str]]:
    """The name, the config, the names of the layers, the digest of the whole, and what is noted of it."""
    for name in ("index.json", "manifest.json"):
        try:
            index = _json(opener, name)
        except FileNotFoundError:
            continue
        if name == "index.json":
            return _oci(place, opener, index["manifests"], platform)
        config = index[0]["Config"]
        digest = config.removesuffix(".json").removeprefix("blobs/sha256/")
        tag = next(iter(index[0].get("RepoTags") or ()), "")
        return tag, _json(opener, config), list(index[0]["Layers"]), f"sha256:{digest}", {}
    raise SdkError(f"{place!r} has neither an index.json nor a manifest.json", hint=_IMAGES, code="no-base")


def damaged(place: str, why: str) -> SdkError:
    """The error for an image at *place* that can't be read."""
    what = f"the image {place!r} is damaged"
    return SdkError(what, detail=why, hint="fetch it again", code="bad-base")


def _oci(
    place: str, opener: Opener, entries: Sequence[Mapping[str, Any]], platform: Platform | None
) -> tuple[str, dict[str, Any], list[str], str, Mapping[str, str]]:
    manifests = list(_manifests(opener, entries))
    fitting = _fitting(manifests, platform) if len(manifests) > 1 else manifests
    if len(fitting) != 1:
        wanted = f" for {platform}" if platform else ""
        raise SdkError(
            f"{place!r} has {len(fitting)} images{wanted} where one is expected",
            detail=f"it has: {', '.join(_platform_text(m) for m in manifests) or 'none'}",
            hint=f"give one for {platform}" if platform else "say which: --platform linux/arm64",
            code="no-base",
        )
    manifest = _json(opener, _blob_path(fitting[0]["digest"]))
    config = _json(opener, _blob_path(manifest["config"]["digest"]))
    names = [_blob_path(layer["digest"]) for layer in manifest["layers"]]
    name, notes = image_name(fitting[0], Path(place)), manifest.get("annotations") or {}
    return name, config, names, fitting[0]["digest"], notes


def _manifests(opener: Opener, entries: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for entry in entries:
        if entry.get("mediaType") in INDEXES:
            yield from _manifests(opener, _json(opener, _blob_path(entry["digest"]))["manifests"])
        elif entry.get("platform", {}).get("architecture") != "unknown" and not refers(entry):
            yield entry  # the others are buildkit's attestations, and what refers to an image


def _fitting(manifests: list[Mapping[str, Any]], platform: Platform | None) -> list[Mapping[str, Any]]:
    """Those for *platform*: of several variants its own, else the newest it runs, the oldest without one."""
    if platform is None:
        return manifests
    found = [m for m in manifests if not m.get("platform") or platform.runs(_platform(m["platform"]))]
    variants = {str((m.get("platform") or {}).get("variant", "")) for m in found}
    nearest = max(variants, default="") if platform.variant else min(variants, default="")
    best = platform.variant if platform.variant in variants else nearest
    return [m for m in found if (m.get("platform") or {}).get("variant", "") == best]


def copy(place: str, opener: Opener, name: str, diff_id: str, target: Layout) -> Descriptor:
    """Add the layer *name* of the image at *place* to *target*, uncompressed.

    :raises SdkError: When it is damaged, or not what its config says.
    """
    known = target.path / _blob_path(diff_id)
    if known.exists():
        return Descriptor(LAYER, diff_id, known.stat().st_size)
    try:
        with opener(name) as packed, plain(packed, "a layer of the image") as whole:
            blob = target.add(iter(lambda: whole.read(1 << 20), b""), LAYER)
    except DAMAGED as error:
        if not is_damage(error):
            raise
        raise damaged(place, f"layer {name}: {error}") from error
    if blob.digest != diff_id:
        raise damaged(place, f"layer {name} has the digest {blob.digest}, its config says {diff_id}")
    return blob


def _look(place: str, layer: Path, merged: Merged) -> None:
    """Add what *layer* shows to *merged*: which paths are links and directories decides where files go."""
    try:
        _look_into(layer, merged)
    except tarfile.TarError as error:
        raise damaged(place, f"layer {layer.name}: {error}") from error


def _look_into(layer: Path, merged: Merged) -> None:
    for entry in contents.read(layer):
        folder, _, name = entry.path.rpartition("/")
        if name == ".wh..wh..opq":
            merged.remove(folder, itself=False)
        elif name.startswith(".wh."):
            merged.remove(f"{folder}/{name[4:]}".lstrip("/"), itself=True)
        else:
            merged.cover(entry)
        if ".." in entry.path.split("/"):
            raise tarfile.TarError(f"{entry.path!r} leads out of the image")


def _check_platform(place: str, config: Mapping[str, Any], platform: Platform | None) -> None:
    found = _platform(config)
    if platform is not None and not (platform.runs(found) or found.runs(platform)):
        raise SdkError(
            f"the base image {place!r} is for {found}, the application is for {platform}",
            hint=f"give a base image for {platform}",
            code="mixed-architectures",
        )


def _platform(raw: Mapping[str, Any]) -> Platform:
    return Platform(raw.get("architecture", ""), raw.get("variant", ""), raw.get("os", "linux"))


def _platform_text(entry: Mapping[str, Any]) -> str:
    found = entry.get("platform")
    return str(_platform(found)) if found else "one that names no platform"


def _blob_path(digest: str) -> str:
    algorithm, _, value = digest.partition(":")
    if algorithm != "sha256" or not value.isalnum():
        raise SdkError(
            f"{digest!r} in the image is not a sha256 digest", hint="fetch it again", code="bad-base"
        )
    return f"blobs/sha256/{value}"


def _json(opener: Opener, name: str) -> Any:
    with opener(name) as stream:
        raw = stream.read()
    if name.startswith("blobs/") and hashlib.sha256(raw).hexdigest() != name.rpartition("/")[2]:
        what = f"the blob {name!r} of the image is damaged"
        raise SdkError(what, hint="fetch it again", code="bad-base")
    return json.loads(raw)
