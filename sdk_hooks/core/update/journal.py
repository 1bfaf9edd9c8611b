"""What an update has begun, on disk before it is done: interrupted, it can be finished or taken back."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sdk_hooks.core import disk
from sdk_hooks.core.update import swap
from sdk_hooks.core.update.swap import Pair
from sdk_hooks.errors import SdkError

SWITCHING, PREPARING, BUILDING, DONE = "switching", "preparing", "building", "done"
"""Pairs are being exchanged; BitBake follows an SDK's new layers; containers are being built; all is done."""
RETURNING = "returning"
"""Pairs are being exchanged back."""


@dataclass(frozen=True)
class Journal:
    """One update."""

    phase: str
    number: int
    """Names the directories that keep what was there before."""
    pairs: tuple[Pair, ...] = ()
    """To be exchanged now."""
    kept: tuple[tuple[str, str], ...] = ()
    """Places, and where what was there before is kept; nothing is there when nothing was."""
    sdk: bool = False
    """Whether layers of an SDK are among them."""
    todo: tuple[str, ...] = ()
    """Layouts that are still to be built."""

    def kept_of(self, live: Path) -> Path | None:
        """Where what was at *live* is kept."""
        return next((Path(other) for place, other in self.kept if place == str(live.absolute())), None)

    def at(self, phase: str, **more: object) -> Journal:
        return replace(self, phase=phase, **more)  # type: ignore[arg-type]  # fields by name


class State:
    """The directory of an SDK, or of images, in which updates keep their journal."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = directory / "journal.json"

    def read(self) -> Journal | None:
        """The last update; None when there was none, or it was taken back.

        :raises SdkError: When it can't be understood.
        """
        try:
            raw = json.loads(self.file.read_bytes())
            pairs = tuple(Pair(**each) for each in raw["pairs"])
            kept = tuple((live, other) for live, other in raw["kept"])
            return Journal(raw["phase"], raw["number"], pairs, kept, raw["sdk"], tuple(raw["todo"]))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise SdkError(
                f"'{self.file}' is damaged",
                detail=str(error),
                hint=f"look at what is kept in '{self.directory}', then remove it",
                code="bad-journal",
            ) from error

    def write(self, journal: Journal) -> Journal:
        """Let *journal* be what is read from now on, also after a power failure."""
        with disk.writing(self.file):
            self.directory.mkdir(parents=True, exist_ok=True)
            disk.replace(self.file, disk.to_json(asdict(journal)))
            _sync(self.file)
            _sync(self.directory)
        return journal

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others from updating at the same time.

        :raises SdkError: When somebody does.
        """
        with disk.writing(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.directory / "lock", os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise SdkError(
                "another update is going on", detail=f"in '{self.directory}'", hint="try again", code="busy"
            ) from None
        try:
            yield
        finally:
            os.close(handle)

    def recover(self) -> Journal | None:
        """Finish what was being exchanged when it was interrupted, and give the last update."""
        journal = self.read()
        if journal is None or journal.phase not in (SWITCHING, RETURNING):
            return journal
        return self.finish(journal)

    def finish(self, journal: Journal) -> Journal | None:
        """Do the exchanges of *journal*, and what comes after."""
        for pair in journal.pairs:
            swap.swap(pair)
        if journal.phase == RETURNING:
            self.forget(journal)
            return None
        return self.write(journal.at(PREPARING if journal.sdk else BUILDING, pairs=()))

    def go_back(self) -> Journal:
        """Put back everything that the last update has changed; gives what that was.

        :raises SdkError: When there was no update.
        """
        begun = self.read()
        journal = self.recover()
        if begun is not None and begun.phase == RETURNING:
            return begun
        if journal is None:
            raise SdkError(
                "there is no update to go back from",
                hint="only what the last sdk-update has changed can be taken back",
                code="no-previous",
            )
        pairs = tuple(swap.pair(Path(live), _near(Path(live), Path(other))) for live, other in journal.kept)
        self.finish(self.write(journal.at(RETURNING, pairs=pairs)))
        return journal

    def forget(self, journal: Journal) -> None:
        """Remove *journal*, then what it kept."""
        self.file.unlink()
        for pair in journal.pairs:
            if pair.other.endswith(_NEAR):
                Path(pair.other).unlink(missing_ok=True)
        remove(directories(journal))


_NEAR = ".before-update"


def _near(live: Path, other: Path) -> Path:
    """*other*, or a copy of it on the file system of *live*: a lock file may be anywhere."""
    if not other.is_file() or os.stat(other).st_dev == os.stat(live.parent).st_dev:
        return other
    near = live.with_name(live.name + _NEAR)
    shutil.copy2(other, near)
    return near


def strays(directory: Path, prefix: str, journal: Journal | None) -> None:
    """Remove what an update that was killed has left in *directory* before it had a journal of it."""
    kept = directories(journal)
    remove(str(each) for each in directory.glob(f"{prefix}*") if str(each.absolute()) not in kept)


def directories(journal: Journal | None) -> set[str]:
    """Those that *journal* keeps things in."""
    return {os.path.dirname(other) for _, other in journal.kept} if journal else set()


def remove(places: Iterable[str]) -> None:
    for place in sorted(places, reverse=True):  # what is in another one first
        shutil.rmtree(place, ignore_errors=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
