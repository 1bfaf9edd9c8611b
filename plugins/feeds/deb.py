"""deb: Debian's packages, and OE's package_deb."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator, Mapping
from email.utils import formatdate

from sdk_hooks import hookimpl
from sdk_hooks.deblike import DebLike, paragraph
from sdk_hooks.errors import SdkError
from sdk_hooks.packages import Listing, Package, Place, Signer, Wanted
from sdk_hooks.target import Platform

ARCHITECTURES = {
    "amd64": "amd64",
    "386": "i386",
    "arm64": "arm64",
    "arm/v5": "armel",
    "arm/v6": "armel",
    "arm/v7": "armhf",
    "riscv64": "riscv64",
    "ppc64le": "ppc64el",
    "s390x": "s390x",
    "mips64le": "mips64el",
    "mipsle": "mipsel",
    "loong64": "loong64",
}
"""Debian's names (dpkg-architecture) of the image-spec's architectures."""

_COMPRESSED = ("Packages.xz", "Packages.gz", "Packages")


class Deb(DebLike):
    name = "deb"
    summary = "Debian's archive, and feeds of PACKAGE_CLASSES package_deb"
    suffix = ".deb"
    direct_alternatives = False

    def indexes(self, place: Place, wanted: Wanted) -> Iterator[Listing]:
        top = f"dists/{wanted.suite}/" if wanted.suite else ""
        release = place.clearsigned(f"{top}InRelease") or _release(place, top)
        digests = _digests(release.decode(errors="replace")) if release else {}
        by_hash = release is not None and _field(release, "Acquire-By-Hash") == "yes"
        if not wanted.suite:
            yield from _index(place, "", "", digests, by_hash)
            return
        if release is None:
            raise SdkError(
                f"the feed has no suite {wanted.suite!r}",
                hint="name one that is below dists/ there: feeds: [URL SUITE COMPONENT]",
                code="no-suite",
            )
        for component in wanted.components:
            directory = f"{component}/binary-{architecture(wanted.platform)}/"
            found = list(_index(place, top, directory, digests, by_hash))
            if not found:
                raise SdkError(
                    f"{wanted.suite!r} of the feed has no {component!r} for {wanted.platform}",
                    detail=f"it has: {_field(release, 'Components')} for {_field(release, 'Architectures')}",
                    hint="name another in feeds:, or another --platform",
                    code="no-component",
                )
            yield from found

    def signatures(self, index: bytes, signer: Signer | None) -> Mapping[str, bytes]:
        packed = gzip.compress(index, mtime=0)
        release = _release_of({"Packages": index, "Packages.gz": packed})
        by_hash = {f"by-hash/SHA256/{_sha256(each)}": each for each in (index, packed)}
        signed = (
            {"InRelease": signer.clear(release), "Release.gpg": signer.detached(release)} if signer else {}
        )
        return {**by_hash, "Release": release, **signed}

    def fits(self, package: Package, platform: Platform) -> bool:
        return package.architecture in ("all", architecture(platform))


def architecture(platform: Platform) -> str:
    """Debian's name; the image-spec's own where Debian has none."""
    name = f"{platform.architecture}/{platform.variant}" if platform.architecture == "arm" else ""
    return ARCHITECTURES.get(name) or ARCHITECTURES.get(platform.architecture, platform.architecture)


def _release(place: Place, top: str) -> bytes | None:
    found = place.read(f"{top}Release")
    if found is not None:
        place.verify(found, f"{top}Release.gpg")
    return found


def _release_of(files: Mapping[str, bytes]) -> bytes:
    """A Release file that lists *files*; by hash: who has read it finds them after they have changed."""
    lines = [f" {_sha256(content)} {len(content)} {name}" for name, content in files.items()]
    date = formatdate(usegmt=True)
    return "\n".join([f"Date: {date}", "Acquire-By-Hash: yes", "SHA256:", *lines, ""]).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _index(
    place: Place, top: str, directory: str, digests: dict[str, str], by_hash: bool
) -> Iterator[Listing]:
    for name in _COMPRESSED:
        path = directory + name
        if digests and path not in digests:
            continue
        digest = digests.get(path, "")
        found = place.read(f"{top}{directory}by-hash/SHA256/{digest[7:]}", digest) if by_hash else None
        found = place.read(top + path, digest) if found is None else found
        if found is not None:
            yield Listing(found)
            return


def _digests(release: str) -> dict[str, str]:
    """Of the files that a Release file lists."""
    listed = paragraph(release).get("SHA256", "")
    return {path: f"sha256:{digest}" for digest, path in re.findall(r"(\w{64})\s+\d+\s+(\S+)", listed)}


def _field(release: bytes, name: str) -> str:
    return paragraph(release.decode(errors="replace")).get(name, "nothing")


@hookimpl
def sdk_package_formats() -> list[Deb]:
    return [Deb()]
