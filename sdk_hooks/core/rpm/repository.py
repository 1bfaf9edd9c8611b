"""Reads repomd.xml, and the files of a repository that it names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple
from xml.etree import ElementTree

from sdk_hooks.core.rpm import primary
from sdk_hooks.errors import SdkError
from sdk_hooks.packages import Place

_REPO = "{http://linux.duke.edu/metadata/repo}"
_DIGEST = re.compile(r"(sha1|sha224|sha256|sha384|sha512):[0-9a-f]{40,128}")


class _Data(NamedTuple):
    path: str
    digest: str


class Repository:
    """One repository.

    :param repomd: The content of its repodata/repomd.xml.
    :raises SdkError: When that is damaged.
    """

    def __init__(self, repomd: bytes, place: Place) -> None:
        self.place = place
        self._data = _listed(repomd)

    def read(self, kind: str) -> bytes:
        """What the repository has as `primary` or `filelists`.

        :raises SdkError: When it is not there, or is not what repomd.xml says.
        """
        if kind not in self._data:
            raise _damaged(f"it has no {kind}")
        path, digest = self._data[kind]
        found = self.place.read(path, digest)
        if found is None:
            raise _damaged(f"there is no '{path}', which it names")
        return found

    def having(self, path: str) -> Iterable[tuple[str, str]]:
        """Name and digest of the packages that have the file *path*."""
        if "filelists" not in self._data or path.encode() not in self._lists:
            return ()
        return [(name, f"{self._kind}:{pkgid}") for name, pkgid in primary.having(self._lists, path)]

    @cached_property
    def _lists(self) -> bytes:
        return self.read("filelists")

    @cached_property
    def _kind(self) -> str:
        """The algorithm of the packages' digests, which are what packages are known by."""
        first = next(primary.records(self.read("primary")), None)
        text = self.read("primary")[first.start : first.end] if first else b""
        return primary.package(text).digest.partition(":")[0] if text else "sha256"


def _listed(repomd: bytes) -> dict[str, _Data]:
    text = repomd.decode(errors="replace")
    try:
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise _damaged("it has a DTD")
        root = ElementTree.fromstring(text)  # noqa: S314  what could expand is refused above
    except ElementTree.ParseError as error:
        raise _damaged(f"it is no XML: {error}") from error
    found = {}
    for element in root.iterfind(f"{_REPO}data"):
        location, checksum = element.find(f"{_REPO}location"), element.find(f"{_REPO}checksum")
        kind = element.get("type", "")
        if location is None or checksum is None or kind not in ("primary", "filelists"):
            continue
        algorithm = {"sha": "sha1"}.get(checksum.get("type", ""), checksum.get("type", ""))
        digest = f"{algorithm}:{(checksum.text or '').strip().lower()}"
        if not _DIGEST.fullmatch(digest):
            raise _damaged(f"its checksum of {kind} is {digest!r}")
        path = location.get("href", "")
        if path.startswith("/") or ".." in path.split("/") or "://" in path:
            raise _damaged(f"its {kind} is at {path!r}, outside of the repository")
        found[kind] = _Data(path, digest)
    return found


def _damaged(why: str) -> SdkError:
    return SdkError(
        "the repomd.xml of the feed is damaged", detail=why, hint="make it again", code="bad-feed"
    )
