"""Sends an image's missing layers: as one partial archive to an engine, or each into a directory of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sdk_hooks.core import archive, compression
from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy.connection import Connection, Result
from sdk_hooks.core.deploy.deployment import Deployment
from sdk_hooks.core.deploy.resource import script
from sdk_hooks.core.shell import quoted, write_files
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress
from sdk_hooks.image import Descriptor, Image
from sdk_hooks.target import Script

_NO_SPACE = ("no space left on device", "disk quota exceeded", "enospc")


@dataclass(frozen=True)
class Sent:
    """What went to the target: layers, their bytes, and the bytes that they were compressed to."""

    layers: int
    size: int
    wire: int


@dataclass
class Transfer:
    """One image on its way to one target."""

    deployment: Deployment
    image: Image
    held: frozenset[str]
    """Diff IDs of the layers that need not be sent."""

    @property
    def missing(self) -> list[tuple[Descriptor, str]]:
        """(blob, diff ID) of every layer that the target lacks, bottom first."""
        pairs = zip(self.image.layers, self.image.diff_ids, strict=True)
        return [(blob, diff) for blob, diff in dict.fromkeys(pairs) if diff not in self.held]

    @property
    def size(self) -> int:
        """Bytes that will take room on the target."""
        return sum(blob.size for blob, _ in self.missing)

    def steps(self) -> list[Script]:
        """The same as shell text, for people."""
        if self.deployment.stack.takes == "layers":
            return [f"# send layer {diff[:19]}, {blob.size} bytes, to {self._layer(diff)}" for blob, diff in self.missing]
        omit = " ".join(f"--omit {diff}" for diff in self.image.diff_ids if diff in self.held)
        name = self.deployment.container.image
        source = f"devtool-containers archive {self.image.layout} --name {name} {omit}".rstrip()
        return [f"{source} | gzip | ssh {self.deployment.target.name} 'gzip -dc | {self._load()}'"]

    def send(self, connection: Connection, progress: Progress) -> Sent:
        """Send what is missing.

        :raises SdkError: When the target does not take it. What runs there was not touched.
        """
        if self.deployment.stack.takes == "layers":
            return self._send_layers(connection, progress)
        return self._send_archive(connection, progress)

    def _load(self) -> Script:
        return quoted(self.deployment.stack.load())

    def _send_archive(self, connection: Connection, progress: Progress) -> Sent:
        result, sent = self._load_archive(connection, progress, self.held)
        if result.status and self.held and not _full(result):
            progress.step(f"{self.deployment.stack.name} wants all layers: sending the image whole")
            result, sent = self._load_archive(connection, progress, ())
        if result.status:
            raise self._refused(result)
        return sent

    def _load_archive(self, connection: Connection, progress: Progress, omit: Collection[str]) -> tuple[Result, Sent]:
        name = self.deployment.container.image
        size = archive.size(self.image, name, omit)
        result, wire = self._pipe(connection, progress, archive.stream(self.image, name, omit), size, self._load())
        count = sum(diff not in omit for diff in self.image.diff_ids)
        return result, Sent(count, size, wire)

    def _send_layers(self, connection: Connection, progress: Progress) -> Sent:
        claim = f"{self.deployment.container.name}@{self.deployment.id}"
        state = str(self.deployment.target.state)
        lists = write_files(f"{state}/claims", {claim: "\n".join(self.image.diff_ids)})
        link.run(connection, f"umask 077\nmkdir -p {quoted((f'{state}/claims',))}\n{lists}")
        wire = 0
        for blob, diff in self.missing:
            unpack = _unpack(self._layer(diff), diff, f"{state}/layers/.new-{self.deployment.id}")
            result, sent = self._pipe(connection, progress, _read(self.image, blob), blob.size, unpack)
            wire += sent
            if result.status:
                raise self._refused(result)
        return Sent(len(self.missing), self.size, wire)

    def _pipe(
        self, connection: Connection, progress: Progress, pieces: Iterator[bytes], size: int, command: Script
    ) -> tuple[Result, int]:
        method = compression.choose(self.deployment.target, size)
        pipeline = f"{quoted(method.unpack)} | {command}" if method.unpack else command
        wire = 0

        def counted(packed: Iterator[bytes]) -> Iterator[bytes]:
            nonlocal wire
            for piece in packed:
                wire += len(piece)
                yield piece

        shown = progress.bytes(pieces, size, f"{connection.name}: sending")
        result = link.feed(connection, ("sh", "-c", pipeline), counted(method.pack(shown)))
        return result, wire

    def _layer(self, diff: str) -> str:
        return f"{self.deployment.target.state}/layers/{diff.replace(':', '-', 1)}"

    def _refused(self, result: Result) -> SdkError:
        name, stack = self.deployment.target.name, self.deployment.stack.name
        words = "\n".join((result.error or result.output).strip().splitlines()[-3:])
        if _full(result):
            return SdkError(
                f"no space left on {name!r}",
                detail=words,
                hint="remove what is not needed there; what ran before still runs",
                code="no-space",
            )
        return SdkError(
            f"{stack} on {name!r} did not take the image",
            detail=words or f"exit status {result.status}",
            hint="what ran before still runs",
            code="load-failed",
        )


def _unpack(layer: str, diff: str, fresh: str) -> Script:
    return f"{{\n{script('unpack.sh', LAYER=layer, DIGEST=diff.partition(':')[2], FRESH=fresh)}\n}}"


def _read(image: Image, blob: Descriptor) -> Iterator[bytes]:
    with image.blob(blob).open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece


def _full(result: Result) -> bool:
    return any(words in (result.error + result.output).lower() for words in _NO_SPACE)
