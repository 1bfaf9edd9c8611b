"""Brings containers up to date, in such a way that it can be interrupted anywhere and taken back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sdk_hooks.core import disk
from sdk_hooks.core.update import backup, journal
from sdk_hooks.core.update.built import Built
from sdk_hooks.core.update.journal import BUILDING, DONE, PREPARING, SWITCHING, Journal, State
from sdk_hooks.core.update.swap import Pair
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress

KEPT = ".sdk-update"
"""Directory beside images that has what they were before."""


@dataclass(frozen=True)
class Result:
    """What came of building one container again."""

    name: str
    image: str
    old: str
    """Digest before."""
    new: str
    """Digest now; empty when it failed."""
    error: SdkError | None = None

    @property
    def word(self) -> str:
        if self.error:
            return f"failed [{self.error.code}]"
        return "unchanged" if self.old == self.new else "updated"


def begin(
    state: State,
    images: Path,
    changing: Sequence[Built],
    staged: Sequence[Pair] = (),
    also: Sequence[Path] = (),
    *,
    sdk: bool = False,
) -> Journal:
    """Keep what is about to change, and make the exchanges of *staged*; from here on it can be taken back.

    An update that was interrupted while it built is gone on with: what was before that one is kept.

    :param also: Other files that are going to change.
    :param sdk: Whether layers of an SDK are among *staged*.
    :raises SdkError: When it can't be kept; nothing has changed then.
    """
    last = state.recover()
    goes_on = last is not None and last.phase in (PREPARING, BUILDING)
    number = last.number + (not goes_on) if last else 1
    before = last.kept if last and goes_on else ()
    directory = images / KEPT / str(number)
    known = {live for live, _ in before}
    places = [*(path for each in changing for path in backup.places(each)), *also]
    paths = [path for path in dict.fromkeys(places) if str(path.absolute()) not in known]
    with disk.writing(directory):
        if not goes_on:
            shutil.rmtree(directory, ignore_errors=True)  # of one that was killed before it had a journal
        kept = backup.keep(paths, directory)
    kept += [(pair.live, pair.other) for pair in staged if pair.live not in known]
    sdk = sdk or (last is not None and goes_on and last.sdk)
    still = last.phase if last and goes_on else BUILDING
    phase = SWITCHING if staged else still
    todo = tuple(str(each.image.layout.absolute()) for each in changing)
    begun = state.write(Journal(phase, number, tuple(staged), (*before, *kept), sdk, todo))
    if last and not goes_on:
        journal.remove(journal.directories(last) - journal.directories(begun))
    return state.finish(begun) or begun if staged else begun


def build(
    state: State,
    begun: Journal,
    changing: Sequence[Built],
    again: Callable[[Built], str],
    progress: Progress,
) -> list[Result]:
    """Build each of *changing* again, and end the update; what fails stays as it was and stops no others.

    :param again: Builds one, and gives its new digest.
    """
    results = []
    for number, built in enumerate(changing):
        progress.step(f"building {built.label} again")
        error, new = None, ""
        try:
            new = again(built)
        except SdkError as failure:
            error = failure
        results.append(Result(built.label, built.image.name, built.image.digest, new, error))
        state.write(begun.at(BUILDING, todo=begun.todo[number + 1 :]))
    state.write(begun.at(DONE, todo=()))
    return results
