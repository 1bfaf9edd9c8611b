"""ipk: the packages of opkg, which OE makes unless told otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sdk_hooks import hookimpl
from sdk_hooks.deblike import DebLike
from sdk_hooks.packages import Package, Place, Wanted
from sdk_hooks.target import Platform

_TUNES = {
    "amd64": r"x86[_-]64.*|core2-64|corei7-64.*|qemux86[_-]64|intel-corei7-64|genericx86-64",
    "386": r"i[3-6]86.*|core2-32|corei7-32|pentium.*|x86|qemux86|genericx86",
    "arm64": r"aarch64.*|armv8.*|armv9.*|cortexa(3[45]|5[35]|7[2368]|76|65).*|qemuarm64|neoverse.*",
    "arm": r"arm|armv[4-7].*|arm9.*|arm1136.*|cortex(a(5|7|8|9|15|17)|m\d).*|qemuarm",
    "riscv64": r"riscv64.*|qemuriscv64|rv64.*",
    "ppc64le": r"ppc64p9le|powerpc64le|ppc64le.*|qemuppc64",
}
"""Names that OE's tunes give to packages, by architecture; other names are those of machines."""


class Ipk(DebLike):
    name = "ipk"
    summary = "feeds of opkg: OE's package_ipk"
    suffix = ".ipk"

    def indexes(self, place: Place, wanted: Wanted) -> Iterator[bytes]:  # noqa: ARG002  it has no suites
        found = place.read("Packages.gz") or place.read("Packages")
        if found is not None:
            place.verify(found, "Packages.asc", "Packages.sig")  # of what is in the .gz
            yield found

    def fits(self, package: Package, platform: Platform) -> bool:
        named = [name for name, tunes in _TUNES.items() if re.fullmatch(tunes, package.architecture)]
        return not named or platform.architecture in named


@hookimpl
def sdk_package_formats() -> list[Ipk]:
    return [Ipk()]
