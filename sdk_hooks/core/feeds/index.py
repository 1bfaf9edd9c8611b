"""Looks packages up in the index of a feed, of which a few out of tens of thousands are read."""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO

from sdk_hooks.core import disk
from sdk_hooks.core.feeds import http
from sdk_hooks.core.feeds.feed import Feed
from sdk_hooks.core.feeds.place import FeedPlace
from sdk_hooks.core.paths import cache_directory
from sdk_hooks.errors import SdkError
from sdk_hooks.packages import Listing, Package, PackageFormat, Wanted

Where = dict[str, list[tuple[int, int]]]
_DIGEST = re.compile(r"(sha(1|224|256|384|512)|md5):[0-9a-f]{32,128}")
_MANY = 1 << 20
"""Bytes of an index from which on remembering is worth a file."""


class Index:
    """One index, or the packages of a directory that has none."""

    def __init__(self, feed: Feed, top: str, form: PackageFormat, listing: Listing) -> None:
        self.feed, self.top, self.form, self.text = feed, top, form, listing.text
        self.signed, self._more = listing.signed, listing.more
        self.where = _where(form, listing.text)
        self._read = cache(self._package)
        self._starts: dict[int, int] = {}

    @property
    def digest(self) -> str:
        """Changes with whatever it says."""
        return f"sha256:{hashlib.sha256(self.text).hexdigest()}"

    @property
    def own(self) -> bool:
        """Whether it is of packages of its format, as far as the first one tells: deb and ipk look alike."""
        first = next(self.form.records(self.text), None)
        return first is None or self._read(first.start, first.end).path.endswith(self.form.suffix)

    def named(self, name: str) -> list[Package]:
        """All that answer to *name*.

        :raises SdkError: When one of them can't be read.
        """
        return [self._read(*span) for span in self.where.get(name, ())]

    def position(self, package: Package) -> int:
        """Where *package*, which is of this index, has its record."""
        return self._starts[id(package)]

    def having(self, name: str) -> list[Package]:
        """All that answer to *name* although the index itself does not have it.

        :raises SdkError: When one of them can't be read.
        """
        found = {(each, digest) for each, digest in self._more(name)}
        known = (package for each in sorted({each for each, _ in found}) for package in self.named(each))
        return list(dict.fromkeys(package for package in known if (package.name, package.digest) in found))

    def _package(self, start: int, end: int) -> Package:
        record = self.text[start:end]
        try:
            package = self.form.package(record)
            if package.digest and not _DIGEST.fullmatch(package.digest):
                raise ValueError(f"{package.digest!r} is no digest")
            self._starts[id(package)] = start  # it is kept as long as this is
            return package
        except ValueError as error:
            first = record.partition(b"\n")[0].decode(errors="replace")
            raise SdkError(
                f"the index of the feed '{self.feed}' is damaged",
                detail=f"at {first!r}: {error}",
                hint="make it again",
                code="bad-feed",
            ) from error

    def path(self, package: Package) -> str:
        """Of the package's file, below the feed: this index may be that of one of its directories."""
        return f"{self.top.removeprefix(self.feed.url.rstrip('/'))}/{package.path}".lstrip("/")

    def location(self, package: Package) -> str:
        """Path or URL of the package's file.

        :raises SdkError: When it would be outside of the feed.
        """
        if package.path.startswith("/") or ".." in package.path.split("/") or "://" in package.path:
            raise SdkError(
                f"the feed '{self.feed}' has {package.name!r} outside of itself",
                detail=f"at {package.path!r}",
                hint="make its index again",
                code="bad-feed",
            )
        return f"{self._root}/{package.path}"

    def gone(self, package: Package, location: str) -> SdkError:
        """The error for *package*, whose file is not at *location*."""
        if self.feed.local:
            return SdkError(
                f"there is no '{location}', which the index of its feed has",
                hint="make the index again",
                code="no-package",
            )
        return SdkError(
            f"the feed '{self.feed}' has no file of {package.name!r}",
            detail=f"looked for '{location}'",
            hint="it was changed a moment ago: try again",
            code="no-package",
        )

    def changed(self, package: Package, error: SdkError) -> SdkError:  # noqa: ARG002  for indexes of another kind
        """The error for *package*, whose file has another hash, as *error* says."""
        return error

    @property
    def _root(self) -> str:
        return self.top.removeprefix("file://") if self.feed.local else self.top


def _where(form: PackageFormat, text: bytes) -> Where:
    if len(text) < _MANY:
        return _found(form, text)
    name = hashlib.sha256(text).hexdigest()
    memory = cache_directory() / "feeds" / f"where-{form.name}-{name}"
    with contextlib.suppress(OSError, ValueError, EOFError, TypeError):
        return dict(marshal.loads(memory.read_bytes()))  # noqa: S302  our own file, in the user's cache
    found = _found(form, text)
    memory.parent.mkdir(parents=True, exist_ok=True)
    disk.replace(memory, marshal.dumps(found))
    return found


def _found(form: PackageFormat, text: bytes) -> Where:
    found: Where = {}
    for record in form.records(text):
        for name in dict.fromkeys(record.names):
            found.setdefault(name, []).append((record.start, record.end))
    return found


def read(place: FeedPlace, form: PackageFormat, wanted: Wanted) -> list[Index]:
    """The indexes at *place*; of a directory without one what its packages say of themselves."""
    feed, top = place.feed, place.top
    listings = list(form.indexes(place, wanted)) if feed.index or not feed.local else []
    found = [Index(feed, top, form, listing) for listing in listings]
    if not all(each.own for each in found):
        return []
    for listing in listings:
        place.vouch(listing)
    if not found and feed.local and not feed.suite:
        directory = Path(top.removeprefix("file://"))
        files = sorted(directory.rglob(f"*{form.suffix}"))
        text = b"\n\n".join(_described(form, directory, files))
        return [Index(feed, top, form, Listing(text, signed=not feed.key))] if files else []
    return found


def _described(form: PackageFormat, directory: Path, files: list[Path]) -> Iterator[bytes]:
    """A record for each file: its own, with what an index would add."""
    for path in files:
        status = path.stat()
        key = f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0{form.name}".encode()
        memory = cache_directory() / "feeds" / "described" / hashlib.sha256(key).hexdigest()
        if not memory.exists():
            memory.parent.mkdir(parents=True, exist_ok=True)
            name = str(path.relative_to(directory))
            disk.replace(memory, form.described(_record(form, path), name, status.st_size, _sha256(path)))
        yield memory.read_bytes()


def _record(form: PackageFormat, path: Path) -> bytes:
    with open(path, "rb") as file:
        return opened_record(form, file, str(path))


def opened_record(form: PackageFormat, file: IO[bytes], name: str) -> bytes:
    """What a package's file says of itself.

    :raises SdkError: When it is none.
    """
    try:
        with form.opened(file) as opened:
            return opened.record
    except ValueError as error:
        raise damaged(name, error) from error


def damaged(name: str, error: Exception) -> SdkError:
    return SdkError(
        f"the package '{name}' is damaged",
        detail=str(error),
        hint="build or fetch it again",
        code="bad-package",
    )


def _sha256(path: Path) -> str:
    return http.digest_of(path, "sha256:")
