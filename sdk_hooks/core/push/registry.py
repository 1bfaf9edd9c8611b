"""Pushes an image to a registry as it lies in its layout, with what refers to it: only what is missing."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sdk_hooks.core import disk
from sdk_hooks.core.oci.imageset import ImageSet
from sdk_hooks.core.push import answers, artifacts, together
from sdk_hooks.core.push.artifacts import Artifact
from sdk_hooks.core.push.link import Link
from sdk_hooks.core.push.place import Place, parse
from sdk_hooks.core.push.together import Tell
from sdk_hooks.core.push.wire import Body, of_bytes
from sdk_hooks.core.spec.model import NAME
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress
from sdk_hooks.image import INDEX, Descriptor, Image

__all__ = ["Place", "Pushed", "parse", "push", "push_set", "reference"]

_PIECE = 1 << 18
_REPOSITORY = re.compile(rf"{NAME}(?:/{NAME})*")
_LONGEST = 255
"""Of a name with its registry."""
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


class Pushed(NamedTuple):
    """An image in a registry, and what it took to have it there."""

    reference: str
    """HOST[:PORT]/REPOSITORY@sha256:..., which no later push changes."""
    blobs: int
    """That were sent: layers, configs, and what refers to the image."""
    size: int
    """Of these in bytes."""


class _Blob(NamedTuple):
    """One to send."""

    descriptor: Descriptor
    path: Path


def push(image: Image, place: Place, progress: Progress) -> Pushed:
    """Make *image* be at *place* under its own name and tag, and say what was sent; see `push_set`."""
    return push_set(ImageSet((image,)), place, progress)


def push_set(wanted: ImageSet, place: Place, progress: Progress) -> Pushed:
    """Make *wanted* be at *place* under its own name and tag, and say what was sent.

    The manifest, or the index of several, comes last: nobody sees an image there of which a part, or a
    signature, is missing.

    :raises SdkError: When it can't be pushed; the tag is then still that of what it was before.
    """
    own, others = _artifacts(wanted)
    repository = _checked(place.repository(wanted.name), place, artifacts.tag(wanted))
    with Link(place, repository, progress.step) as link:
        link.greet()
        missing = _missing(link, [*own, *(each for _, found in others for each in found)])
        _send(link, missing, progress)
        for each in own if wanted.index else ():
            link.persist(partial(_put, link, each))
        for subject, found in others:
            for each in found:
                link.persist(partial(_put, link, each))
            if found:
                link.persist(partial(_list, link, subject, found))
        if wanted.index:
            link.persist(lambda: _put_index(link, wanted))
        else:
            link.persist(lambda: _put(link, own[0]))
    size = sum(each.descriptor.size for each in missing)
    return Pushed(reference(wanted, place), len(missing), size)


def _artifacts(wanted: ImageSet) -> tuple[list[Artifact], list[tuple[str, list[Artifact]]]]:
    """The images, and what refers to each of them and to their index, by its digest."""
    own = [artifacts.of_image(image, alone=not wanted.index) for image in wanted.images]
    others = [(image.digest, artifacts.referring(image.layout, image.digest)) for image in wanted.images]
    if wanted.index:
        others.append((wanted.digest, artifacts.referring(wanted.images[0].layout, wanted.digest)))
    return own, others


def reference(wanted: Image | ImageSet, place: Place) -> str:
    """By what whoever pulls *wanted* from *place* knows it.

    :raises SdkError: When it can't have a name there.
    """
    repository = _checked(place.repository(wanted.name), place, artifacts.tag(wanted))
    return f"{place.name}/{repository}@{wanted.digest}"


def _checked(repository: str, place: Place, tag: str) -> str:
    if not _REPOSITORY.fullmatch(repository) or len(f"{place.name}/{repository}") > _LONGEST:
        raise SdkError(
            f"{repository!r} is no name of a repository",
            hint="lower-case letters, digits, and . _ - between them; 255 characters with the registry",
            code="registry-name",
        )
    if not _TAG.fullmatch(tag):
        raise SdkError(f"{tag!r} is no tag", hint="use letters, digits, and . _ -", code="registry-name")
    return repository


def _missing(link: Link, wanted: Sequence[Artifact]) -> list[_Blob]:
    """The blobs that the registry has not, in the order of their manifests."""
    blobs = {blob.digest: _Blob(blob, each.layout / blob.path) for each in wanted for blob in each.blobs}
    found: set[str] = set()

    def look(blob: _Blob, _: Tell) -> None:
        if not link.persist(lambda: _has(link, blob)):
            found.add(blob.descriptor.digest)

    for _ in together.each(blobs.values(), look, link.leave):
        pass
    return [blob for digest, blob in blobs.items() if digest in found]


def _has(link: Link, blob: _Blob) -> bool:
    answer = link.ask("HEAD", link.about(f"blobs/{blob.descriptor.digest}"))
    if answer.status not in (200, 404):
        raise answers.refused(link.place, link.repository, answer, "the question what is there")
    return answer.status == 200


def _send(link: Link, missing: Sequence[_Blob], progress: Progress) -> None:
    if not missing:
        return
    total = sum(blob.descriptor.size for blob in missing)
    pieces = together.each(missing, lambda blob, tell: _Upload(link, blob, tell).run(), link.leave)
    for _ in progress.bytes(pieces, total, f"{link.place.name}: sending"):
        pass


class _Upload:
    """One blob on its way."""

    def __init__(self, link: Link, blob: _Blob, tell: Tell) -> None:
        self._link, self._blob, self._tell = link, blob, tell
        self._told = 0
        """Bytes: what is sent a second time does not count twice."""
        self._begun = False

    def run(self) -> None:
        self._link.persist(self._once)

    def _once(self) -> None:
        link, blob = self._link, self._blob.descriptor
        if self._begun and _has(link, self._blob):  # all of it arrived, and only the answer was lost
            return
        self._begun = True
        what = f"the blob {blob.digest[:19]}"
        answer = link.ask("POST", link.about("blobs/uploads/"))
        if answer.status != 202 or not answer.headers.get("Location"):
            raise answers.refused(link.place, link.repository, answer, what)
        url = link.led(answer)
        mark = "&" if "?" in url else "?"
        body = Body(blob.size, self._pieces)
        url = f"{url}{mark}digest={blob.digest.replace(':', '%3A')}"
        answer = link.ask("PUT", url, body, Content_Type="application/octet-stream")
        if answer.status not in (201, 204):
            self._check()
            raise answers.refused(link.place, link.repository, answer, what)

    def _pieces(self) -> Iterator[bytes]:
        offset, size = 0, self._blob.descriptor.size
        for piece in _read(self._blob.path):
            offset += len(piece)
            if offset > size:
                break
            yield piece
            if offset > self._told:
                self._told = offset
                self._tell(piece)
        if offset != size:
            raise _changed(self._blob.path)

    def _check(self) -> None:
        """Refuse a blob that is not what it should be already here."""
        digest = hashlib.sha256()
        for piece in _read(self._blob.path):
            digest.update(piece)
        if f"sha256:{digest.hexdigest()}" != self._blob.descriptor.digest:
            raise _changed(self._blob.path)


def _read(path: Path) -> Iterator[bytes]:
    try:
        with open(path, "rb", buffering=0) as file:
            while piece := file.read(_PIECE):
                yield piece
    except FileNotFoundError as error:
        raise _changed(path) from error
    except OSError as error:
        raise SdkError(f"can't read '{path}'", detail=error.strerror or "", code="unreadable") from error


def _changed(path: Path) -> SdkError:
    return SdkError(
        f"'{path}' is not what the image's manifest says",
        hint="was the image built again meanwhile? push it again; else build it again",
        code="image-changed",
    )


def _put(link: Link, artifact: Artifact) -> None:
    """Push the manifest, unless it is there already under all of its names."""
    own = artifact.descriptor
    _publish(
        link, artifact.tag, own, lambda: b"".join(_read(artifact.layout / own.path)), artifact.what,
        artifact.layout / own.path,
    )  # fmt: skip


def _put_index(link: Link, wanted: ImageSet) -> None:
    layout = wanted.images[0].layout
    _publish(link, artifacts.tag(wanted), wanted.descriptor, lambda: wanted.index, "the image index", layout)


def _publish(link: Link, tag: str, own: Descriptor, read: Callable[[], bytes], what: str, path: Path) -> None:
    url = link.about(f"manifests/{tag or own.digest}")
    answer = link.ask("HEAD", url, Accept=own.media_type)
    if answer.status == 200 and answer.headers.get("Docker-Content-Digest") == own.digest:
        return
    content = read()
    if f"sha256:{hashlib.sha256(content).hexdigest()}" != own.digest:
        raise _changed(path)
    answer = link.ask("PUT", url, of_bytes(content), Content_Type=own.media_type)
    if answer.status not in (201, 204):
        raise answers.refused(link.place, link.repository, answer, what)
    if answer.headers.get("Docker-Content-Digest", own.digest) != own.digest:
        raise answers.rejected(link.place, answer, what)


def _list(link: Link, subject: str, others: Sequence[Artifact]) -> None:
    """Let *others* be found from *image*, where the registry does not see to that by itself."""
    answer = link.ask("GET", link.about(f"referrers/{subject}"), Accept=INDEX)
    if answer.status == 200:
        return
    url, what = link.about(f"manifests/{artifacts.fallback(subject)}"), "the list of what refers to the image"
    entries = {each["digest"]: each for each in _listed(link, url)}
    before = dict(entries)
    entries |= {each.descriptor.digest: each.entry for each in others}
    if entries == before:
        return
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(entries.values())}
    answer = link.ask("PUT", url, of_bytes(disk.to_json(index)), Content_Type=INDEX)
    if answer.status not in (201, 204):
        raise answers.refused(link.place, link.repository, answer, what)


def _listed(link: Link, url: str) -> list[dict[str, object]]:
    answer = link.ask("GET", url, Accept=INDEX)
    try:
        found = json.loads(answer.body)["manifests"] if answer.status == 200 else []
        return [each for each in found if isinstance(each, dict) and "digest" in each]
    except (ValueError, KeyError, TypeError):
        return []
