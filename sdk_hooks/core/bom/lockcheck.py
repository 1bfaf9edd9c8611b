"""Holds a build to a lock: what differs is said before anything is written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from sdk_hooks.core.bom import builder, lock, lockfile, revision
from sdk_hooks.core.bom.changes import compare
from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.bom.lock import Lock, Sources
from sdk_hooks.core.bom.record import Layer, Record
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress
from sdk_hooks.target import Platform

_SHOWN = 12
"""Characters of a commit."""


@dataclass(frozen=True)
class Keeper:
    """Holds the build of one image to the lock at *path*."""

    lock: Lock
    path: Path
    progress: Progress

    @property
    def again(self) -> str:
        """The hint for who means the new state."""
        return f"if that is meant, make the lock again: container-build {self.lock.name} --lock"

    @property
    def platform(self) -> Platform:
        """The one that it was built for."""
        system, architecture, *variant = self.lock.platform.split("/")
        return Platform(architecture, variant[0] if variant else "", system)

    def epoch(self) -> int:
        """SOURCE_DATE_EPOCH, which the environment must not contradict.

        :raises SdkError: When it does.
        """
        said = os.environ.get("SOURCE_DATE_EPOCH") or str(self.lock.epoch)
        if said != str(self.lock.epoch):
            raise self._differs(
                [f"SOURCE_DATE_EPOCH: {self.lock.epoch} -> {said}"], "unset SOURCE_DATE_EPOCH"
            )
        return self.lock.epoch

    def request(self, name: str, spec: Spec) -> None:
        """Check what is asked for.

        :raises SdkError: When the lock is that of another image, of other packages, or of what they may do.
        """
        if name != self.lock.name:
            raise SdkError(
                f"'{self.path}' is the lock of {self.lock.name!r}, not of {name!r}",
                hint="keep each image's container.yaml in a file of its own, and name it with -f FILE",
                code="lock-differs",
            )
        wanted = {"install": lock.asked(spec), **lock.allowed(spec)}
        found = [line for key, words in wanted.items() for line in self._words(key, words)]
        if bool(spec.install and spec.recommends) != self.lock.recommends:
            words = ("without", "with")
            said = (words[self.lock.recommends], words[not self.lock.recommends])
            found.append(f"recommends: {said[0]} -> {said[1]}")
        self._check(found)

    def _words(self, key: str, words: Iterable[str]) -> list[str]:
        before, after = set(getattr(self.lock, key)), set(words)
        added = [f"{key}: {each} is not in the lock" for each in sorted(after - before)]
        return added + [f"{key}: {each} is only in the lock" for each in sorted(before - after)]

    def tell(self) -> None:
        """Say what is going to be built."""
        self.progress.step(f"building what '{self.path}' says: {self.lock.counted}")
        if self.lock.others:
            what = " and ".join(self.lock.others)
            self.progress.step(f"the files of {what} are not in the lock: only the digest tells about them")

    def sources(self, found: Sources) -> None:
        """Check where the recipe comes from, as far as the lock and git know it.

        :raises SdkError: When a revision is another one, or something there is not committed.
        """
        self._sources(self.lock.sources, found)

    def tree(self, directory: Path) -> None:
        """Check the sources under edit alone; as `sources`."""
        found = revision.of(directory, lock=self.path.name)
        self._sources(Sources(self.lock.sources.tree), Sources(found))

    def _sources(self, wanted: Sources, found: Sources) -> None:
        now, differences = dict(found.named), []
        for what, locked in wanted.named:
            here = now.get(what)
            if locked.dirty or (here and here.dirty):
                raise self._dirty(what, in_lock=locked.dirty)
            if here is None:
                self.progress.step(f"git knows no revision of {what} here: only the digest tells about it")
            elif here.tree != locked.tree:
                differences.append(f"{what}: {locked.commit[:_SHOWN]} -> {here.commit[:_SHOWN]}")
        self._check(differences, "check the revision of the lock out")

    def _dirty(self, what: str, *, in_lock: bool) -> SdkError:
        if in_lock:
            return SdkError(
                f"the lock '{self.path}' was made with changes in {what} that were not committed",
                hint=f"commit them, and make the lock again: container-build {self.lock.name} --lock",
                code="dirty",
            )
        return SdkError(
            f"there are changes in {what} that are not committed, and so not in the lock",
            hint="see git status: commit or stash them, or build without --locked",
            code="dirty",
        )

    def built(self, components: Iterable[Component], platform: Platform | None) -> None:
        """Check the packages that BitBake has built, and what for.

        :raises SdkError: When they are not those of the lock.
        """
        locked = [each for each in self.lock.packages if not each.feed]
        found = [str(change) for change in compare(locked, components)]
        if platform is not None and str(platform) != self.lock.platform:
            found.insert(0, f"platform: {self.lock.platform} -> {platform}")
        self._check(found)

    def base(self, digest: str, made: str = "") -> None:
        """Check the base image; empty for none.

        :param made: The name of what makes it, when it is no image.

        :raises SdkError: When it is another one.
        """
        before = self.lock.base or self.lock.base_image or "none"
        after = digest or made or "none"
        if before != after:
            self._check([f"base: {before} -> {after}"], "take the base of the lock")

    def accept(self, record: Record) -> None:
        """Check what came out.

        :raises SdkError: When it is another image; says in which layers.
        """
        if record.digest != self.lock.image:
            found = [f"image: {self.lock.image} -> {record.digest}", *self._layers(record.layers)]
            raise self._differs([*found, *self._builders()])
        for line in self._builders():
            self.progress.step(f"{line}; this time they are the same")

    def _layers(self, layers: Iterable[Layer]) -> list[str]:
        pairs = zip_longest(self.lock.layers, map(lock.named, layers))
        names = [(one or other).comment for one, other in pairs if one != other]
        if not names:
            return ["its layers are the same: settings differ, such as env: or labels:"]
        return [f"other files in the layer{'' if len(names) == 1 else 's'} {', '.join(dict.fromkeys(names))}"]

    def _builders(self) -> list[str]:
        now, then = builder.version(), self.lock.builder
        if now == then:
            return []
        return [f"the lock was made by {builder.NAME} {then}, and this is {now}, which may give other bytes"]

    def _check(self, found: Sequence[str], hint: str = "") -> None:
        if found:
            raise self._differs(found, hint)

    def _differs(self, found: Sequence[str], hint: str = "") -> SdkError:
        hint = f"{hint}; {self.again}" if hint else self.again
        what = f"this is not what '{self.path}' says"
        return SdkError(what, detail="\n".join(found), hint=hint, code="lock-differs")


def load(path: Path, progress: Progress) -> Keeper:
    """
    :raises SdkError: When there is no lock, or it can't be read.
    """
    keeper = Keeper(lockfile.load(path), path, progress)
    keeper.tell()
    return keeper
