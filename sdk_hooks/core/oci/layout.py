"""OCI image layouts on disk: blobs that appear whole or not at all, and the index that names them."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sdk_hooks.core.disk import replace, to_json, writing
from sdk_hooks.errors import SdkError
from sdk_hooks.image import (
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    IMAGE_NAME,
    INDEX,
    MANIFEST,
    REF_NAME,
    Descriptor,
    Image,
    descriptor,
)

LAYOUT_FILE = b'{"imageLayoutVersion":"1.0.0"}'
ELSEWHERE = "give another directory with -o"
_AGAIN = "build it again, or fetch it again"


class Layout:
    """A directory in the image-layout form; made when it is not there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> None:
        """Make the directories.

        :raises SdkError: When that can't be done, or something else is there.
        """
        if self.path.is_dir() and not (self.path / "oci-layout").exists() and self._has_strangers():
            raise SdkError(
                f"'{self.path}' is not empty and is not an OCI layout",
                hint=ELSEWHERE,
                code="not-a-layout",
            )
        with writing(self.path, ELSEWHERE):
            (self.path / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
            if not (self.path / "oci-layout").exists():
                replace(self.path / "oci-layout", LAYOUT_FILE)

    def _has_strangers(self) -> bool:
        """Whether there is more than what another process, or one that was killed, leaves of a new layout."""
        names = os.listdir(self.path)
        return any(name != "blobs" and not name.startswith(".new-") for name in names)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Only one process at a time: a second build of the same image waits.

        Where there was no image and none is made, nothing is left.
        """
        handle = self._lock()
        try:
            yield
        except BaseException:  # also Ctrl-C
            if not (self.path / "index.json").exists():
                self._remove()
            raise
        finally:
            os.close(handle)

    def _remove(self) -> None:
        """What `create` and `add` made, and the directory where that was all."""
        with contextlib.suppress(OSError):
            shutil.rmtree(self.path / "blobs")
            (self.path / "oci-layout").unlink()
            self.path.rmdir()

    def _lock(self) -> int:
        """Of a directory, so that no lock file is left behind; who had it may have taken that away."""
        while True:
            self.create()
            with contextlib.suppress(FileNotFoundError):
                handle = os.open(self.path, os.O_RDONLY)
                fcntl.flock(handle, fcntl.LOCK_EX)
                if _same(handle, self.path):
                    return handle
                os.close(handle)

    def has(self, blob: Descriptor) -> bool:
        try:
            return os.stat(self.path / blob.path).st_size == blob.size
        except FileNotFoundError:
            return False

    def add(self, pieces: Iterable[bytes], media_type: str) -> Descriptor:
        """Write a blob; it gets its name when it is complete."""
        folder = self.path / "blobs" / "sha256"
        with writing(self.path, ELSEWHERE):
            handle, temporary = tempfile.mkstemp(prefix=".new-", dir=folder)
        try:
            blob = _fill(handle, pieces, media_type, self.path)
            os.chmod(temporary, 0o644)
            os.replace(temporary, self.path / blob.path)
        except BaseException:  # also Ctrl-C: nothing half-written stays
            os.unlink(temporary)
            raise
        return blob

    def add_json(self, value: object, media_type: str) -> Descriptor:
        return self.add([to_json(value)], media_type)

    def commit(self, manifest: Descriptor, name: str, platform: Mapping[str, str]) -> None:
        """Make *manifest* the one image of this layout, and remove the blobs that it does not use."""
        entry = {**manifest.to_json(), "platform": dict(platform), "annotations": name_annotations(name)}
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}
        with writing(self.path, ELSEWHERE):
            replace(self.path / "index.json", to_json(index))
        self._sweep()

    def commit_image(self, image: Image, config: Descriptor, layers: Sequence[Descriptor]) -> None:
        """Make *image*, in other clothes, the one image of this layout."""
        blobs = {"config": config.to_json(), "layers": [layer.to_json() for layer in layers]}
        manifest = self.add_json({**image.manifest, **blobs}, MANIFEST)
        keys = ("architecture", "os", "variant")
        platform = {key: image.config[key] for key in keys if key in image.config}
        self.commit(manifest, image.name, platform)

    def image(self) -> Image:
        """The image in this layout.

        :raises SdkError: When there is none, or there are several, or it is damaged.
        """
        found = self.images()
        if len(found) != 1:
            raise SdkError(
                f"'{self.path}' has {len(found)} images where one is expected",
                hint=_AGAIN,
                code="not-one-image",
            )
        return found[0]

    def images(self) -> list[Image]:
        """All images in this layout, those of an index in it, too.

        :raises SdkError: When it is damaged.
        """
        with self._valid():
            return [self._image(entry, name) for _, entry, name in self._entries()]

    def index(self) -> bytes:
        """The image index in this layout, to the byte; empty when it has none, or several.

        :raises SdkError: When it is damaged.
        """
        with self._valid():
            listed = {entry.digest: entry for entry, _, _ in self._entries() if entry}
        return (self.path / listed.popitem()[1].path).read_bytes() if len(listed) == 1 else b""

    @contextlib.contextmanager
    def _valid(self) -> Iterator[None]:
        try:
            yield
        except (KeyError, TypeError, AttributeError) as error:
            what = f"'{self.path}' is not a valid image layout"
            raise SdkError(
                what, detail=f"{type(error).__name__}: {error}", hint=_AGAIN, code="bad-layout"
            ) from error

    def _entries(self) -> Iterator[tuple[Descriptor | None, Mapping[str, Any], str]]:
        """(the index that has it, the entry, the image's name) of each image."""
        for entry in _read_json(self.path / "index.json").get("manifests", []):
            name = image_name(entry, self.path)
            if entry.get("mediaType") in (INDEX, DOCKER_INDEX):
                own = descriptor(entry)
                for inner in _read_json(self.path / own.path)["manifests"]:
                    if _is_image(inner):
                        yield own, inner, name
            elif _is_image(entry):
                yield None, entry, name

    def _image(self, entry: Mapping[str, Any], name: str) -> Image:
        found = descriptor(entry)
        manifest = _read_json(self.path / found.path)
        config = _read_json(self.path / descriptor(manifest["config"]).path)
        return Image(self.path, name, found, manifest, config)

    def find(self) -> Image | None:
        """The image in this layout, or None when there is no complete one."""
        try:
            return self.image()
        except SdkError:
            return None

    def _sweep(self) -> None:
        image = self.image()
        live = {blob.digest for blob in (image.descriptor, image.config_descriptor, *image.layers)}
        for name in os.listdir(self.path / "blobs" / "sha256"):
            if f"sha256:{name}" not in live:  # a temporary file here is dead: the lock is ours
                os.unlink(self.path / "blobs" / "sha256" / name)


def _same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def name_annotations(name: str) -> dict[str, str]:
    """What lets every engine find the image's name: skopeo and umoci take the tag, others all of it."""
    return {REF_NAME: name.rpartition(":")[2], IMAGE_NAME: name}


def image_name(entry: Mapping[str, Any], path: Path) -> str:
    """Full name of the image that *entry* of an index stands for."""
    notes = entry.get("annotations", {})
    name = notes.get(IMAGE_NAME) or notes.get(REF_NAME, "latest")
    return str(name) if "/" in name or ":" in name else f"localhost/{stem(path)}:{name}"


def stem(path: Path) -> str:
    """What an image at *path* is called that has no name of its own."""
    return path.stem.lower().removesuffix(".tar")


def _is_image(entry: Mapping[str, Any]) -> bool:
    # what a builder says about its images stands in its index as if it were one, for no machine
    unknown = (entry.get("platform") or {}).get("architecture") == "unknown"
    return entry.get("mediaType") in (MANIFEST, DOCKER_MANIFEST) and not refers(entry) and not unknown


def refers(entry: Mapping[str, Any]) -> bool:
    """Whether *entry* of an index is no image, but something about one: a signature, a bill of materials."""
    kind = str((entry.get("annotations") or {}).get("kind", ""))  # as `cosign save` tells them apart
    about = kind in ("dev.cosignproject.cosign/sigs", "dev.cosignproject.cosign/atts")
    return bool(entry.get("artifactType")) or about


def _fill(handle: int, pieces: Iterable[bytes], media_type: str, place: Path) -> Descriptor:
    digest, size = hashlib.sha256(), 0
    with os.fdopen(handle, "wb", buffering=0) as file:
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            with writing(place, ELSEWHERE):
                _write_all(file, piece)
    return Descriptor(media_type, f"sha256:{digest.hexdigest()}", size)


def _write_all(file: Any, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[file.write(view) :]


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise SdkError(f"'{path}' is missing", hint="build the image first", code="no-image") from error
    except OSError as error:
        raise SdkError(f"can't read '{path}'", detail=error.strerror or "", code="unreadable") from error
    except ValueError as error:
        raise SdkError(
            f"'{path}' is not valid JSON", detail=str(error), hint=_AGAIN, code="bad-layout"
        ) from error
