"""Writes what accompanies an image: bills of materials, provenance, signatures, a layout with all of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from sdk_hooks.core import disk
from sdk_hooks.core.bom import cyclonedx, provenance, referrers, signature, spdx
from sdk_hooks.core.bom.openssl import PrivateKey
from sdk_hooks.core.bom.places import beside
from sdk_hooks.core.bom.provenance import Asked
from sdk_hooks.core.bom.record import Record
from sdk_hooks.core.bom.referrers import Artifact
from sdk_hooks.core.bom.subject import Subject
from sdk_hooks.image import Image

SUFFIXES = (spdx.SUFFIX, cyclonedx.SUFFIX, provenance.SUFFIX)


def publish(image: Image, record: Record, asked: Asked | None, key: PrivateKey | None) -> None:
    """Write what there is to say of *image*, and take away what was said of another one.

    :param asked: None: no bill of materials, no provenance.
    :param key: None: signatures that are there stay, when they are of this image.
    :raises SdkError: When it can't be written, or signed.
    """
    artifacts = list(_artifacts(Subject(image, record), asked)) if asked else []
    with disk.writing(image.layout.parent):
        for artifact in artifacts:
            _put(beside(image.layout, artifact.suffix), artifact.content)
        for suffix in SUFFIXES if not asked else ():
            beside(image.layout, suffix).unlink(missing_ok=True)
    referrers.write(image, artifacts, signature.renew(image, key))


@contextlib.contextmanager
def all_of_it(image: Image) -> Iterator[None]:
    """While what accompanies *image* is written: cut short, nothing stays that is said of the one before."""
    try:
        yield
    except BaseException:  # also Ctrl-C
        for suffix in SUFFIXES:
            _drop(beside(image.layout, suffix), image)
        raise


def _drop(document: Path, image: Image) -> None:
    """Take *document* away when it is about another image; a full disk has room for that."""
    with contextlib.suppress(OSError):
        if image.digest.partition(":")[2].encode() not in document.read_bytes():
            document.unlink()


def _put(place: Path, content: bytes) -> None:
    if not (place.is_file() and place.read_bytes() == content):
        disk.replace(place, content)


def _artifacts(about: Subject, asked: Asked) -> Iterator[Artifact]:
    documents = (
        (spdx.SUFFIX, spdx.MEDIA_TYPE, spdx.document(about)),
        (cyclonedx.SUFFIX, cyclonedx.MEDIA_TYPE, cyclonedx.document(about)),
        (provenance.SUFFIX, provenance.MEDIA_TYPE, provenance.statement(about, asked)),
    )
    for suffix, media_type, document in documents:
        yield Artifact(suffix, media_type, disk.to_json(document))
