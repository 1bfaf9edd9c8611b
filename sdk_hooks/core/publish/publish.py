"""Publishes packages, base images, lock files and an eSDK, so that clients see all of it or nothing."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sdk_hooks.core.bom import publish as documents
from sdk_hooks.core.bom import record, signature
from sdk_hooks.core.bom.places import beside
from sdk_hooks.core.publish import contents, feeds, sign
from sdk_hooks.core.publish.contents import Published, PublishedImage, PublishedSdk
from sdk_hooks.core.publish.generation import Place, link_or_copy
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image
from sdk_hooks.packages import PackageFormat

_SDK_MANIFEST = "conf/sdk-conf-manifest"


@dataclass(frozen=True)
class Goods:
    """What is to be published."""

    packages: Sequence[Path] = ()
    """Directories of packages, with all below them."""
    images: Sequence[Image] = ()
    locks: Sequence[Path] = ()
    sdk: Path | None = None
    """What oe-publish-sdk has made."""


def publish(
    top: Path, goods: Goods, formats: Mapping[str, PackageFormat], key: str
) -> tuple[Published, bool]:
    """Publish *goods* in *top*; gives what is published, and whether that is something new.

    :param key: What signs: a file with a secret key, or what names one to gpg; empty for nothing.
    :raises SdkError: When something of it can't be published; *top* then serves what it did.
    """
    place = Place(top)
    with place.making() as made, sign.signer(key) as signer:
        before = place.current
        found = feeds.write(goods.packages, made, formats, signer, before)
        images = tuple(_image(each, made, before) for each in goods.images)
        locks = dict(_lock(each, made) for each in goods.locks)
        sdk = _sdk(goods.sdk, made) if goods.sdk else None
        published = Published(found, images, locks, sdk, _digest(signer.public()) if signer else "")
        text = published.to_json()
        (made / contents.NAME).write_bytes(text)
        if signer:
            (made / f"{contents.NAME}.asc").write_bytes(signer.detached(text))
            (made / "key.asc").write_bytes(signer.public())
        return published, place.switch(made, published.id)


def _image(image: Image, made: Path, before: Path | None) -> PublishedImage:
    path = f"images/{image.layout.name}"
    if (made / path).exists():
        raise SdkError(
            f"two images are called {image.layout.name!r}", hint="publish one of them", code="same-name"
        )
    for blob in (image.descriptor, image.config_descriptor, *image.layers):
        name = f"{path}/{blob.path}"
        link_or_copy(image.blob(blob), made / name, before and before / name)
    for name in ("index.json", "oci-layout"):
        shutil.copyfile(image.layout / name, made / path / name)
    accompany = (record.SUFFIX, signature.SUFFIX, *documents.SUFFIXES)
    said = [beside(image.layout, suffix) for suffix in accompany] if record.load(image) else []
    digests = {}
    for each in said:
        if each.is_file():
            shutil.copyfile(each, made / "images" / each.name)
            digests[each.name] = _digest(each.read_bytes())
    name, _, tag = image.name.rpartition(":")
    return PublishedImage(
        name.rpartition("/")[2], tag, image.name, image.digest, str(image.platform), path, digests
    )


def _lock(file: Path, made: Path) -> tuple[str, str]:
    """Path and digest of a lock file: it is called as the directory that it was in."""
    try:
        text = file.read_bytes()
    except OSError as error:
        hint = "write it first: container-build NAME --lock"
        raise SdkError(
            f"can't read '{file}'", detail=error.strerror or "", hint=hint, code="no-file"
        ) from error
    name = f"locks/{file.absolute().parent.name}.lock"
    if (made / name).exists():
        raise SdkError(f"two lock files are called {name!r}", hint="publish one of them", code="same-name")
    (made / "locks").mkdir(exist_ok=True)
    (made / name).write_bytes(text)
    return name, _digest(text)


def _sdk(source: Path, made: Path) -> PublishedSdk:
    """A copy of what oe-publish-sdk made; what has its hash for a name never changes, and is linked."""
    manifest = source / _SDK_MANIFEST
    if not manifest.is_file() or not (source / "layers/.git").is_dir():
        raise SdkError(
            f"'{source}' is not what oe-publish-sdk makes",
            detail=f"it has no {_SDK_MANIFEST}, or no layers/.git",
            hint="make it: oe-publish-sdk INSTALLER.sh DIR",
            code="not-published",
        )
    _git(source, "update-server-info")
    # git checks everything out of .git: who fetches layers needs nothing else of them
    for part in ("conf", "layers/.git", "sstate-cache", "downloads/uninative"):
        if (source / part).is_dir():
            shutil.copytree(source / part, made / "sdk" / part, copy_function=_link_hashed, symlinks=True)
    return PublishedSdk("sdk", _digest(manifest.read_bytes()), _git(source, "rev-parse", "HEAD").strip())


def _link_hashed(source: str, target: str) -> None:
    if "/sstate-cache/" in source or "/objects/" in source:
        try:
            os.link(source, target)
            return
        except OSError:  # another file system
            pass
    shutil.copyfile(source, target)


def _git(source: Path, *words: str) -> str:
    # the publisher may be another user than the one who has made it
    argv = ("git", "-c", f"safe.directory={source / 'layers'}", "-C", str(source / "layers"), *words)
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SdkError(
            f"git can't read '{source / 'layers'}'", detail=done.stderr.strip(), code="bad-repository"
        )
    return done.stdout


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
