"""Sends an image's missing layers: in partial archives to an engine, or each into a directory of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial

from sdk_hooks.core.deploy import compression, packed
from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy.connection import Connection, Result
from sdk_hooks.core.deploy.deployment import Deployment
from sdk_hooks.core.deploy.packed import ALONE, Packer
from sdk_hooks.core.deploy.resource import script
from sdk_hooks.core.oci import archive, whiteouts
from sdk_hooks.core.shell import assigned, quoted, write_files
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress
from sdk_hooks.image import Descriptor, Image
from sdk_hooks.target import Script


@dataclass(frozen=True)
class Sent:
    """What went to the target: layers, their bytes, and the bytes that they were compressed to."""

    layers: int
    size: int
    wire: int

    def __add__(self, other: Sent) -> Sent:
        return Sent(self.layers + other.layers, self.size + other.size, self.wire + other.wire)


def of(deployment: Deployment) -> tuple[Transfer, ...]:
    """One for each image of *deployment*; a layer that several have is sent with the first."""
    stack, found = deployment.stack, dict[str, Transfer]()
    facts = deployment.target.stacks[stack.name]
    for member in deployment.members:
        name, image = member.container.image, member.image
        if name not in found:
            found[name] = Transfer(deployment, image, name, facts.holds(image.diff_ids))
            facts = replace(facts, chains=facts.chains | {image.diff_ids})
            if stack.takes == "layers":
                facts = replace(facts, blobs=facts.blobs | {*image.diff_ids})
    return tuple(found.values())


@dataclass
class Transfer:
    """One image on its way to one target."""

    deployment: Deployment
    image: Image
    name: str
    """What the target knows it by."""
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
            return [
                f"# send layer {diff[:19]}, {blob.size} bytes, to {self._layer(diff)}"
                for blob, diff in self.missing
            ]
        omit = " ".join(f"--omit {diff}" for diff in self.image.diff_ids if diff in self.held)
        source = f"devtool-containers archive {self.image.layout} --name {self.name} {omit}".rstrip()
        return [f"{source} | gzip | ssh {self.deployment.target.name} 'gzip -dc | {self._load()}'"]

    def send(self, connection: Connection, progress: Progress, packer: Packer = ALONE) -> Sent:
        """Send what is missing.

        :raises SdkError: When the target does not take it. What runs there was not touched.
        """
        if self.deployment.stack.takes == "layers":
            return self._send_layers(connection, progress, packer)
        return self._send_archives(connection, progress, packer)

    def _load(self) -> Script:
        made = self.deployment
        return assigned(made.stack.environment(made.target)) + quoted(made.command(made.stack.load()))

    def _send_archives(self, connection: Connection, progress: Progress, packer: Packer) -> Sent:
        held, total = set(self.held), Sent(0, 0, 0)
        for count in packed.parts(self.image, self.held):
            result, sent = self._load_archive(connection, progress, packer, count, held)
            total += sent
            if result.status and held and not result.full:
                progress.step(f"{self.deployment.stack.name} wants all layers: sending the image whole")
                every = len(self.image.layers)
                result, sent = self._load_archive(connection, progress, packer, every, ())
                total += sent
                if not result.status:
                    break
            if result.status:
                self._forget(connection)
                raise self._refused(result)
            held.update(self.image.diff_ids[:count])
        return total

    def _load_archive(
        self,
        connection: Connection,
        progress: Progress,
        packer: Packer,
        count: int,
        omit: Collection[str],
    ) -> tuple[Result, Sent]:
        before = ""
        if count == len(self.image.layers):
            view, name = archive.whole(self.image), self.name
        else:
            view, name = archive.lower(self.image, count), f"{self.name}-part{count}"
            before = self._note(name)
        stream = packed.of_archive(view, name, omit)
        method = compression.choose(self.deployment.target, stream.size)
        result, wire = packer.send(connection, stream, method, self._load(), progress, before)
        layers = sum(diff not in omit for diff in view.diff_ids)
        return result, Sent(layers, stream.size, wire)

    def _note(self, name: str) -> Script:
        """Commands that note there how to forget a name that has to last until the whole image is there."""
        app = quoted((str(self.deployment.app),))
        return f"(umask 077; mkdir -p {app}); echo {quoted((self._untag(name),))} >>{app}/.incoming; "

    def _untag(self, name: str) -> Script:
        stack = self.deployment.stack
        return assigned(stack.environment(self.deployment.target)) + quoted(
            self.deployment.command(stack.untag(name))
        )

    def _forget(self, connection: Connection) -> None:
        """Forget an image that was not taken, whose name some engines keep, unless it is deployed."""
        known = f"$(echo $(cat {quoted((str(self.deployment.target.state),))}/apps/*/*/image 2>/dev/null))"
        same = quoted((f" {self.name} ",))
        link.run(connection, f'case " {known} " in *{same}*) ;; *) {self._untag(self.name)} ;; esac\n')

    def _send_layers(self, connection: Connection, progress: Progress, packer: Packer) -> Sent:
        claim = f"{self.deployment.name}@{self.deployment.id}"
        state = str(self.deployment.target.state)
        lists = write_files(f"{state}/claims", {claim: "\n".join(self.deployment.layers)})
        places = quoted((f"{state}/claims", str(self.deployment.app)))
        link.run(connection, f"umask 077\nmkdir -p {places}\n{lists}")
        total = Sent(0, 0, 0)
        for blob, diff in self.missing:
            index = self.image.diff_ids.index(diff)
            unpack = _unpack(self._layer(diff), self._digest(index), f"{state}/layers/.new-$$")
            key = (self.image.digest, index, self.deployment.target.uid == 0)
            stream = packed.Stream(key, partial(self._unpackable, index), blob.size)
            method = compression.choose(self.deployment.target, stream.size)
            result, wire = packer.send(connection, stream, method, unpack, progress)
            total += Sent(1, blob.size, wire)
            if result.status:
                raise self._refused(result)
        return total

    def _digest(self, index: int) -> str:
        """Of layer *index* as it is sent."""
        if self.deployment.target.uid or not whiteouts.has_any(self.image.blob(self.image.layers[index])):
            return self.image.diff_ids[index].partition(":")[2]
        digest = hashlib.sha256()
        for piece in self._unpackable(index):
            digest.update(piece)
        return digest.hexdigest()

    def _unpackable(self, index: int) -> Iterator[bytes]:
        """Layer *index* as this user of the target can unpack it: only root can make overlayfs' whiteouts."""
        if self.deployment.target.uid:
            return whiteouts.plain(self.image.blob(self.image.layers[index]))
        return whiteouts.stream(self.image, index)

    def _layer(self, diff: str) -> str:
        return f"{self.deployment.target.state}/layers/{diff.replace(':', '-', 1)}"

    def _refused(self, result: Result) -> SdkError:
        name, stack = self.deployment.target.name, self.deployment.stack.name
        if result.full:
            return SdkError(
                f"no space left on {name!r}",
                detail=result.end,
                hint="remove what is not needed there; what ran before still runs",
                code="no-space",
            )
        return SdkError(
            f"{stack} on {name!r} did not take the image",
            detail=result.end or f"exit status {result.status}",
            hint="what ran before still runs",
            code="load-failed",
        )


def _unpack(layer: str, digest: str, fresh: str) -> Script:
    return f"{{\n{script('unpack.sh', LAYER=layer, DIGEST=digest, FRESH=fresh)}\n}}"
