"""Brings packages into the cache: fetched at most once, several at a time, and checked."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import NamedTuple, Protocol

from sdk_hooks.core import disk
from sdk_hooks.core.feeds import http, signature, unpack
from sdk_hooks.core.feeds.index import Index
from sdk_hooks.core.feeds.place import not_signed
from sdk_hooks.core.feeds.unpack import Unpacked
from sdk_hooks.core.paths import cache_directory
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress
from sdk_hooks.packages import Package

_AT_ONCE = 8
"""Transfers: more make a slow link slower."""
_OLD = 60 * 86400
"""Seconds after which what no build has used goes."""


class Have(NamedTuple):
    """A package, and what is in it."""

    package: Package
    content: Unpacked


class Where(Protocol):
    """Says where packages are."""

    def index(self, package: Package) -> Index:
        """What lists *package*."""


def bring(pool: Where, packages: Sequence[Package], progress: Progress) -> list[Have]:
    """*packages* and what is in them, in their order.

    :raises SdkError: When one can't be had, or is not what the index says.
    """
    found = [unpack.read(_directory(package)) if package.digest else None for package in packages]
    missing = [package for package, content in zip(packages, found, strict=True) if content is None]
    if missing:
        size = sum(package.size for package in missing)
        progress.step(f"{len(missing)} of {len(packages)} packages to fetch and unpack, {size / 1e6:.1f} MB")
        with disk.writing(_top()):
            _all(pool, missing)
            _forget()
    have = [
        Have(package, content or _read(package)) for package, content in zip(packages, found, strict=True)
    ]
    for each in have:
        _vouched(pool.index(each.package), each)
    return have


def _all(pool: Where, missing: Sequence[Package]) -> None:
    with ThreadPoolExecutor(_AT_ONCE) as workers:
        jobs = [workers.submit(_bring, pool.index(package), package) for package in missing]
        try:
            for job in jobs:
                job.result()
        finally:  # one has failed, or Ctrl-C: none of the others is begun
            for job in jobs:
                job.cancel()
            wait(jobs)


def _forget() -> None:
    """Remove what no build has used for long."""
    for place in _top().iterdir():
        with contextlib.suppress(FileNotFoundError):  # another process was faster
            if place.stat().st_mtime < time.time() - _OLD:
                shutil.rmtree(place) if place.is_dir() else place.unlink()


def _bring(index: Index, package: Package) -> None:
    location, directory = index.location(package), _directory(package)
    try:
        if index.feed.local:
            _check(Path(location), package)
            unpack.unpack(index.form, Path(location), directory)
            return
        file = _top() / f"{package.digest.replace(':', '-')}{index.form.suffix}"
        http.fetch(location, file, package.digest, index.feed.login)
    except http.NotThereError as error:
        raise index.gone(package, location) from error
    except SdkError as error:
        if error.code == "wrong-hash":
            raise index.changed(package, error) from error
        raise
    try:
        unpack.unpack(index.form, file, directory, location)
    finally:
        file.unlink(missing_ok=True)


def _check(path: Path, package: Package) -> None:
    if not path.is_file():
        raise http.NotThereError(path)
    found = http.digest_of(path, package.digest)
    if found != package.digest:
        raise SdkError(
            f"the package '{path}' is not what the index says",
            detail=f"it has {found}, the index says {package.digest}",
            hint="make the index again",
            code="wrong-hash",
        )


def _vouched(index: Index, have: Have) -> None:
    """Check the package's own signature where that of the feed does not reach.

    :raises SdkError: When it has none, or is another one than the index says.
    """
    key = index.feed.key
    if index.signed or not key:
        return
    what = f"the package '{have.package}'"
    if have.content.signed is None:
        raise not_signed(f"{what} of '{index.feed}' is")
    signature.check(what, key, *have.content.signed)
    itself = index.form.package(have.content.record)
    said = (have.package.name, have.package.version, have.package.architecture)
    if (itself.name, itself.version, itself.architecture) != said:
        raise SdkError(
            f"{what} is another one than the index says",
            detail=f"it is {itself} for {itself.architecture}",
            hint="the feed is being changed, or damaged: try again",
            code="wrong-package",
        )


def _read(package: Package) -> Unpacked:
    found = unpack.read(_directory(package))
    if found is None:
        raise SdkError(
            f"the package {package.name!r} is gone from the cache", hint="try again", code="no-package"
        )
    return found


def _top() -> Path:
    return cache_directory() / "packages"


def _directory(package: Package) -> Path:
    if not package.digest:
        raise SdkError(
            f"the feed gives no hash of {package.name!r}", hint="make its index again", code="no-hash"
        )
    return _top() / package.digest.replace(":", "-")
