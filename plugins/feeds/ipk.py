"""ipk: the packages of opkg, which OE makes unless told otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from sdk_hooks import hookimpl
from sdk_hooks.deblike import DebLike
from sdk_hooks.packages import Listing, Package, Place, Wanted
from sdk_hooks.target import Platform
from sdk_hooks.tunes import architectures


class Ipk(DebLike):
    name = "ipk"
    summary = "feeds of opkg: OE's package_ipk"
    suffix = ".ipk"
    direct_alternatives = True

    def indexes(self, place: Place, wanted: Wanted) -> Iterator[Listing]:  # noqa: ARG002  it has no suites
        found = place.read("Packages.gz") or place.read("Packages")
        if found is not None:
            place.verify(found, "Packages.asc", "Packages.sig")  # of what is in the .gz
            yield Listing(found)

    def fits(self, package: Package, platform: Platform) -> bool:
        named = architectures(package.architecture)
        return not named or platform.architecture in named


@hookimpl
def sdk_package_formats() -> list[Ipk]:
    return [Ipk()]
