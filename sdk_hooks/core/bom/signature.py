"""Signatures of images as cosign makes them, beside the image and with its referrers."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sdk_hooks.core import disk
from sdk_hooks.core.bom import openssl
from sdk_hooks.core.bom.openssl import PrivateKey
from sdk_hooks.core.bom.places import REFERRERS, beside
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Descriptor, Image, descriptor

SUFFIX = ".sig"
SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
VALUE = "dev.cosignproject.cosign/signature"
"""Annotation of a layer that is a payload."""
_TYPE = "cosign container image signature"
_DAMAGED = (ValueError, KeyError, TypeError, AttributeError)


class Signature(NamedTuple):
    """One signature, by one key."""

    payload: bytes
    """JSON that says which image is meant."""
    value: bytes
    """ECDSA in DER."""

    @property
    def digest(self) -> str:
        """Of the manifest that was signed; empty when it is something else that was signed."""
        with contextlib.suppress(*_DAMAGED):
            critical = json.loads(self.payload)["critical"]
            if critical["type"] == _TYPE:
                return str(critical["image"]["docker-manifest-digest"])
        return ""


def sign(image: Image, key: PrivateKey) -> Signature:
    """*image* signed: its name without the tag, and the digest of its manifest."""
    critical = {
        "identity": {"docker-reference": image.name.rpartition(":")[0]},
        "image": {"docker-manifest-digest": image.digest},
        "type": _TYPE,
    }
    payload = disk.to_json({"critical": critical, "optional": None})
    return Signature(payload, key.sign(payload))


def renew(image: Image, key: PrivateKey | None) -> list[Signature]:
    """Keep in the file beside *image* those that are of it, with one by *key*; no file when there are none.

    :raises SdkError: When it can't be written, or signed.
    """
    place = beside(image.layout, SUFFIX)
    found: list[Signature] = []
    with contextlib.suppress(SdkError):  # a damaged one is replaced
        found = [each for each in _in_file(place) if each.digest == image.digest]
    if key and not any(openssl.good(key.public, each.payload, each.value) for each in found):
        found.append(sign(image, key))
    with disk.writing(place):
        if found:
            disk.replace(place, b"".join(map(_line, found)))
        else:
            place.unlink(missing_ok=True)
    return found


def find(image: Image) -> list[Signature]:
    """The signatures of *image*: those in the file beside it, else in its layout or that of its referrers.

    :raises SdkError: When they can't be read.
    """
    found = list(_in_file(beside(image.layout, SUFFIX)))
    layouts = dict.fromkeys((image.layout, beside(image.layout, REFERRERS)))
    return found or [each for layout in layouts for each in _in_layout(layout)]


def verify(image: Image, key: Path, public: bytes) -> None:
    """Refuse *image* unless the key *public* has signed it, and it is still the same.

    :param key: Where *public* is from, for people.
    :raises SdkError: Saying which of these is not so.
    """
    found = find(image)
    if not found:
        raise SdkError(
            f"the image {image.name!r} is not signed",
            hint="sign it when it is built: container-build --sign KEY",
            code="not-signed",
        )
    own = [each for each in found if openssl.good(public, each.payload, each.value)]
    if not own:
        raise SdkError(
            f"the image {image.name!r} is signed, but not by the key '{key}'",
            hint="is it the public key of who has built the image?",
            code="wrong-key",
        )
    if image.digest not in [each.digest for each in own]:
        raise _changed(image, f"it is {image.digest}, signed was {own[0].digest or 'no image'}")
    _check(image)


def _check(image: Image) -> None:
    """Refuse an image of which a part is not what the manifest says."""
    for blob in (image.descriptor, image.config_descriptor, *image.layers):
        if _digest(image.blob(blob)) != blob.digest:
            raise _changed(image, f"'{image.blob(blob)}' is not what its name says")
    if json.loads(image.blob(image.descriptor).read_bytes()) != image.manifest:
        raise _changed(image, "it was changed a moment ago")


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while piece := file.read(1 << 20):
                found.update(piece)
    except OSError as error:
        raise SdkError(f"can't read '{path}'", detail=error.strerror or "", code="unreadable") from error
    return f"sha256:{found.hexdigest()}"


def _changed(image: Image, why: str) -> SdkError:
    return SdkError(
        f"the image {image.name!r} was changed since it was signed",
        detail=why,
        hint="build and sign it again",
        code="image-changed",
    )


def _line(each: Signature) -> bytes:
    """As `cosign download signature` prints it."""
    texts = {"Base64Signature": base64.b64encode(each.value), "Payload": base64.b64encode(each.payload)}
    return disk.to_json({key: text.decode() for key, text in texts.items()}) + b"\n"


def _in_file(place: Path) -> Iterator[Signature]:
    try:
        for line in place.read_bytes().splitlines():
            raw = json.loads(line)
            yield Signature(base64.b64decode(raw["Payload"]), base64.b64decode(raw["Base64Signature"]))
    except (FileNotFoundError, NotADirectoryError):
        return
    except _DAMAGED as error:
        raise _damaged(place, error) from error


def _in_layout(layout: Path) -> Iterator[Signature]:
    try:
        for entry in json.loads((layout / "index.json").read_bytes())["manifests"]:
            manifest = json.loads((layout / descriptor(entry).path).read_bytes())
            yield from _in_manifest(layout, manifest.get("layers", ()))
    except (FileNotFoundError, NotADirectoryError):
        return
    except _DAMAGED as error:
        raise _damaged(layout, error) from error


def _in_manifest(layout: Path, layers: Sequence[dict[str, Any]]) -> Iterator[Signature]:
    for layer in layers:
        value = layer.get("annotations", {}).get(VALUE)
        if layer["mediaType"] == SIMPLE_SIGNING and value:
            blob: Descriptor = descriptor(layer)
            yield Signature((layout / blob.path).read_bytes(), base64.b64decode(value))


def _damaged(place: Path, error: Exception) -> SdkError:
    hint = "build and sign the image again"
    return SdkError(f"'{place}' is damaged", detail=str(error), hint=hint, code="bad-signature")
