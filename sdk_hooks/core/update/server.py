"""The client of a published directory: what it has, and base images out of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sdk_hooks.core import requests
from sdk_hooks.core.bom.changes import Change
from sdk_hooks.core.feeds import http, signature
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.publish import contents
from sdk_hooks.core.publish.contents import Published, PublishedImage
from sdk_hooks.core.update import backup, swap
from sdk_hooks.core.update.swap import Pair
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress
from sdk_hooks.image import MANIFEST, Descriptor, Image, descriptor

_PUBLISH = "tell who publishes it: devtool-containers publish DIR writes it whole"
PREFIX = "new-"
"""How directories begin that images are fetched into, and old ones are kept in."""


@dataclass(frozen=True)
class Server:
    """A published directory, at one of its generations: that stays while a newer one is published."""

    url: str
    published: Published

    @property
    def root(self) -> str:
        return f"{self.url}/{contents.GENERATIONS}/{self.published.id}"

    @property
    def sdk(self) -> str:
        """URL of what oe-publish-sdk made; empty when it has none."""
        return f"{self.root}/{self.published.sdk.path}" if self.published.sdk else ""

    def lasting(self, text: str) -> str:
        """*text* with addresses below this generation made such that they are there after it, too."""
        return text.replace(self.root, f"{self.url}/{contents.CURRENT}")

    def changes(self, images: Path) -> tuple[list[PublishedImage], list[Change], list[str]]:
        """Its images that are not in the directory *images*, how they differ, and notes."""
        wanted, changes, notes = [], [], []
        for each in self.published.images:
            layout = images / Path(each.path).name
            there = Layout(layout).find()
            if there is not None and there.digest == each.digest:
                continue
            if there is not None and requests.load(layout):
                notes.append(
                    f"{each.name} was built here, and stays: the server has another one of that name"
                )
                continue
            wanted.append(each)
            changes.append(Change(each.name, there.digest if there else "", each.digest))
        return wanted, changes, notes

    def stage(
        self, wanted: Sequence[PublishedImage], images: Path, directory: Path, progress: Progress
    ) -> list[Pair]:
        """Fetch the images *wanted* into a new directory in *directory*; gives what is to be exchanged.

        :raises SdkError: When one can't be had, or is not what the server has said.
        """
        pairs = []
        directory.mkdir(parents=True, exist_ok=True)
        directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=directory))
        for each in wanted:
            progress.step(f"fetching {each.image}")
            live, layout = images / Path(each.path).name, directory / Path(each.path).name
            self._image(each, Layout(live).find(), Layout(layout))
            pairs.append(swap.pair(live, layout))
            for place in backup.company(live):
                staged = directory / place.name
                if place.name in each.beside:
                    _there(f"{self.root}/images/{place.name}", staged, each.beside[place.name])
                if staged.exists() or place.exists():
                    pairs.append(swap.pair(place, staged))
        return pairs

    def _image(self, each: PublishedImage, have: Image | None, layout: Layout) -> None:
        layout.create()
        at = f"{self.root}/{each.path}"
        manifest = Descriptor(MANIFEST, each.digest, 0)
        self._blob(at, manifest, have, layout)
        raw = layout.path / manifest.path
        manifest = Descriptor(MANIFEST, each.digest, raw.stat().st_size)
        blobs = _blobs(raw, each)
        for blob in blobs:
            self._blob(at, blob, have, layout)
        architecture, _, variant = each.platform.partition("/")[2].partition("/")
        named = {"os": each.platform.partition("/")[0], "architecture": architecture, "variant": variant}
        layout.commit(manifest, each.image, {key: value for key, value in named.items() if value})

    def _blob(self, at: str, blob: Descriptor, have: Image | None, layout: Layout) -> None:
        target = layout.path / blob.path
        if have is not None and have.blob(blob).is_file():
            shutil.copyfile(have.blob(blob), target)
        else:
            _there(f"{at}/{blob.path}", target, blob.digest)


def _blobs(manifest: Path, each: PublishedImage) -> list[Descriptor]:
    import json

    try:
        raw = json.loads(manifest.read_bytes())
        return [descriptor(raw["config"]), *map(descriptor, raw["layers"])]
    except (ValueError, KeyError, TypeError) as error:
        what = f"the image {each.image!r} of the server is damaged"
        raise SdkError(what, detail=str(error), hint="tell who publishes it", code="bad-server") from error


def connect(url: str, key: str, trusted: bool) -> Server | None:
    """The published directory at *url*; None when something else is there.

    :param key: File with the public keys that may sign it; empty for none.
    :param trusted: Whether it may be used without a signature.
    :raises SdkError: When it can't be had, or is not to be trusted.
    """
    url = url.rstrip("/")
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / contents.NAME
        try:
            http.fetch(f"{url}/{contents.CURRENT}/{contents.NAME}", file)
        except http.NotThereError:
            return None
        text = file.read_bytes()
        server = Server(url, contents.parse(text, f"{url}/{contents.CURRENT}/{contents.NAME}"))
        if contents.identity(text) != server.published.id:
            raise SdkError(f"'{url}' was not written by publish", hint=_PUBLISH, code="bad-server")
        if key:
            signed = Path(directory) / "signature"
            _there(f"{server.root}/{contents.NAME}.asc", signed, "")
            signature.check(f"'{url}'", key, text, signed.read_bytes())
        elif not trusted:
            raise SdkError(
                f"nothing says why the update server '{url}' is to be trusted",
                hint="give the public key that signs it: --key FILE; or say --trusted",
                code="not-trusted",
            )
    return server


def _there(url: str, target: Path, digest: str) -> None:
    try:
        http.fetch(url, target, digest)
    except http.NotThereError as error:
        raise SdkError(
            f"the update server has no '{url}'",
            hint="it was changed meanwhile, or is not signed: try again",
            code="not-there",
        ) from error
