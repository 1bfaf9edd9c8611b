"""What a published directory says of itself: `published.json`, which names everything by its digest."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sdk_hooks.core.disk import to_json
from sdk_hooks.errors import SdkError

NAME = "published.json"
CURRENT = "current"
"""Symbolic link to the generation that counts."""
GENERATIONS = "generations"
_VERSION = 1
_PATH = re.compile(r"images/[A-Za-z0-9][A-Za-z0-9._+-]*-oci")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class PublishedImage:
    """A base image."""

    name: str
    tag: str
    image: str
    """Full name, as engines have it."""
    digest: str
    """Of its manifest."""
    platform: str
    path: str
    """Of its layout, below the generation."""
    beside: Mapping[str, str]
    """Digests of the files beside the layout that tell of it, by name: contents, bills, signature."""


@dataclass(frozen=True)
class PublishedSdk:
    """What oe-publish-sdk has made."""

    path: str
    manifest: str
    """Digest of conf/sdk-conf-manifest, which has the digests of all that is in conf."""
    layers: str
    """Commit of the layers' repository."""


@dataclass(frozen=True)
class Published:
    """One generation."""

    feeds: Mapping[str, str]
    """Digest of what lists the packages, by format, which is also its directory."""
    images: tuple[PublishedImage, ...]
    locks: Mapping[str, str]
    """Digest of each lock file, by path below the generation."""
    sdk: PublishedSdk | None
    key: str
    """Digest of the public key whose signature is beside it; empty when there is none."""

    def to_json(self) -> bytes:
        return to_json({"version": _VERSION, **asdict(self)})

    @property
    def id(self) -> str:
        """Names the generation."""
        return identity(self.to_json())


def _image(raw: Mapping[str, Any]) -> PublishedImage:
    """
    :raises ValueError: When it would be written somewhere else, or can't be checked.
    """
    image = PublishedImage(**raw)
    if not _PATH.fullmatch(image.path):
        raise ValueError(f"{image.path!r} is no place for an image")
    for digest in (image.digest, *image.beside.values()):
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"{digest!r} is no digest")
    return image


def identity(text: bytes) -> str:
    """The name of the generation whose `published.json` is *text*."""
    return hashlib.sha256(text).hexdigest()[:16]


def parse(text: bytes, where: str) -> Published:
    """What `published.json` says.

    :raises SdkError: When it can't be understood.
    """
    try:
        raw: dict[str, Any] = json.loads(text)
        if raw["version"] != _VERSION:
            raise ValueError(f"version {raw['version']} of it is not known here")
        images = tuple(_image(each) for each in raw["images"])
        sdk = PublishedSdk(**raw["sdk"]) if raw["sdk"] else None
        return Published(dict(raw["feeds"]), images, dict(raw["locks"]), sdk, raw["key"])
    except (ValueError, KeyError, TypeError) as error:
        raise SdkError(
            f"'{where}' can't be understood",
            detail=str(error),
            hint="was it made by a newer version? update this one",
            code="bad-server",
        ) from error
