"""An extensible SDK and its update server: what differs, and the way from one to the other."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sdk_hooks.core.bom.changes import Change
from sdk_hooks.core.feeds import http
from sdk_hooks.core.publish.contents import PublishedSdk
from sdk_hooks.core.update import mirror, signatures, stage
from sdk_hooks.core.update.stage import LOCKED, MANIFEST
from sdk_hooks.core.update.swap import Pair
from sdk_hooks.errors import SdkError

_MIRROR = "layers.git"
Stock = Callable[[str, str], int]
"""devtool's own sdk-update of the SDK in a directory from a server, without preparing; its exit status."""


@dataclass(frozen=True)
class Difference:
    """What an update server has otherwise."""

    files: tuple[Change, ...] = ()
    """Of the configuration, and layers."""
    recipes: Mapping[str, Change] = field(default_factory=dict)
    """Recipes that are built otherwise, by name."""
    edited: tuple[str, ...] = ()
    """Files of the configuration that somebody has changed here."""
    note: str = ""


@dataclass(frozen=True)
class Esdk:
    """An installed SDK.

    :param base: Its directory.
    :param directory: For what is kept of it.
    :param server: Where oe-publish-sdk has published to.
    :param expected: What a signature says of the server; None when there is none.
    """

    base: Path
    directory: Path
    server: str
    expected: PublishedSdk | None = None

    def difference(self) -> Difference:
        """What the server has otherwise.

        :raises SdkError: When it has no SDK.
        """
        theirs = self._fetched(MANIFEST, self.expected.manifest if self.expected else "")
        ours = stage.read(self.base / MANIFEST)
        if ours == theirs:
            return Difference()
        before, after = stage.manifest(ours), stage.manifest(theirs)
        names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
        files = [Change(name, before.get(name, "")[:12], after.get(name, "")[:12]) for name in names]
        digest = after.get(LOCKED, "")
        new = self._fetched(LOCKED, f"sha256:{digest}") if LOCKED in names and digest else ""
        fetched = mirror.fetch(f"{self.server}/layers/.git", self.directory / _MIRROR)
        layers = mirror.change(self.base / "layers", fetched)
        known = signatures.versions(mirror.recipes(fetched))
        recipes = self._recipes(new, known) if new else {}
        edited = tuple(name for name in stage.edited(self.base) if name in names and name not in stage.OURS)
        return Difference((*files, *layers), recipes, edited, fetched.note)

    def _recipes(self, new: str, known: Mapping[str, str]) -> dict[str, Change]:
        old = stage.read(self.base / LOCKED)
        return signatures.changes(
            old, new, signatures.versions(signatures.recipes(self.base / "layers")), known
        )

    def since(self, conf: Path, layers: Path) -> dict[str, Change]:
        """Recipes that are built otherwise than when these were its *conf* and *layers*."""
        old, new = stage.read(conf / Path(LOCKED).name), stage.read(self.base / LOCKED)
        before, after = (
            signatures.versions(signatures.recipes(each)) for each in (layers, self.base / "layers")
        )
        return signatures.changes(old, new, before, after)

    def _fetched(self, name: str, digest: str) -> str:
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "file"
            try:
                http.fetch(f"{self.server}/{name}", file, digest)
            except http.NotThereError as error:
                raise SdkError(
                    f"'{self.server}' has no SDK",
                    detail=f"looked for {name}",
                    hint="is it what oe-publish-sdk or publish has made?",
                    code="no-sdk",
                ) from error
            return file.read_text()

    def staged(self, stock: Stock, lasting: Callable[[str], str]) -> list[Pair]:
        """Let devtool's own sdk-update make what is to be exchanged.

        :param lasting: Turns addresses that only hold for this update into those that stay.
        :raises SdkError: When it fails, or what it made is not what the server's signature says.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        directory = Path(tempfile.mkdtemp(prefix=stage.PREFIX, dir=self.directory))
        origin = f"{self.server}/layers/.git"

        def updated(place: str) -> int:
            mirror.point(Path(place) / "layers", origin)  # stock fetches from where it did the last time
            return stock(place, self.server)

        pairs = stage.stage(self.base, directory, updated)
        self._check(directory)
        mirror.point(directory / "layers", lasting(origin))
        with contextlib.suppress(FileNotFoundError):
            site = directory / "conf/site.conf"
            site.write_text(lasting(site.read_text()))
        return pairs

    def _check(self, directory: Path) -> None:
        if self.expected is None:
            seen = mirror.seen(self.directory / _MIRROR)
            if seen and seen != mirror.revision(directory / "layers"):
                raise SdkError(
                    "the layers that were fetched are not those of the update server",
                    detail=f"it has {seen[:12]}, fetched was {mirror.revision(directory / 'layers')[:12]}",
                    hint="it was changed meanwhile: try again",
                    code="changed-while-reading",
                )
            return
        manifest = f"sha256:{hashlib.sha256((directory / MANIFEST).read_bytes()).hexdigest()}"
        found = (manifest, mirror.revision(directory / "layers"))
        if found != (self.expected.manifest, self.expected.layers):
            raise SdkError(
                "the SDK that was fetched is not the one that the update server has signed",
                detail=f"configuration {manifest[:19]}, layers {found[1][:12]}",
                hint="tell who publishes it",
                code="wrong-hash",
            )
