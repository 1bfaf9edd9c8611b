"""rpm: repositories of createrepo_c, such as Fedora's, and OE's package_rpm."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sdk_hooks import hookimpl
from sdk_hooks.packages import Listing, Package, Place, Wanted
from sdk_hooks.rpmlike import Repository, RpmLike
from sdk_hooks.target import Platform
from sdk_hooks.tunes import architectures

_REPOMD = "repodata/repomd.xml"
_LISTED = re.compile(r"/etc/.*|.*bin/.*|/usr/lib/sendmail")
"""Files that primary.xml has of every package: no longer list has more of them."""


class Rpm(RpmLike):
    name = "rpm"
    summary = "repositories of createrepo_c, and feeds of PACKAGE_CLASSES package_rpm"
    direct_alternatives = True

    def indexes(self, place: Place, wanted: Wanted) -> Iterator[Listing]:  # noqa: ARG002  it has no suites
        found = place.read(_REPOMD)
        if found is None:
            return
        signed = place.signed(found, f"{_REPOMD}.asc")
        repository = Repository(found, place)
        yield Listing(repository.read("primary"), signed, _Files(repository).having)

    def fits(self, package: Package, platform: Platform) -> bool:
        named = architectures(package.architecture)
        return package.architecture != "src" and (not named or platform.architecture in named)


class _Files:
    """The longer lists, which are fetched when a file is asked for that primary.xml has not."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository

    def having(self, name: str) -> Iterable[tuple[str, str]]:
        if not name.startswith("/") or _LISTED.fullmatch(name):
            return ()
        return self.repository.having(name)


@hookimpl
def sdk_package_formats() -> list[Rpm]:
    return [Rpm()]
