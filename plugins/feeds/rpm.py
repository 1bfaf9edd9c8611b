"""rpm: repositories of createrepo_c, such as Fedora's, and OE's package_rpm."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from sdk_hooks import hookimpl
from sdk_hooks.errors import SdkError
from sdk_hooks.packages import Listing, Package, Place, Signer, Wanted
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

    def publish(self, directory: Path, index: bytes, signer: Signer | None) -> str:
        """By createrepo_c, which knows all the lists that dnf wants to see."""
        if shutil.which("createrepo_c") is None:
            raise SdkError(
                "rpm packages can't be published without createrepo_c",
                hint="install createrepo-c",
                code="missing-program",
            )
        argv = ("createrepo_c", "--quiet", "--no-database", str(directory))
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SdkError("createrepo_c has failed", detail=done.stderr.strip(), code="createrepo-failed")
        if signer:
            repomd = directory / _REPOMD
            repomd.with_name(f"{repomd.name}.asc").write_bytes(signer.detached(repomd.read_bytes()))
        return f"sha256:{hashlib.sha256(index).hexdigest()}"

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
