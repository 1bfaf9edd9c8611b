"""For authors of package formats: architectures by the names that OE's tunes and rpm have."""

from __future__ import annotations

import re

_TUNES = {
    "amd64": r"(gener)?(ic)?x86[_-]64.*|amd64|ia32e|core2[_-]64|(intel[_-])?corei7[_-]64.*|qemux86[_-]64",
    "386": r"i[3-6]86.*|athlon|geode|core2[_-]32|corei7[_-]32|pentium.*|x86|qemux86|genericx86",
    "arm64": r"aarch64(?!_be).*|armv[89].*|cortex(a(3[45]|5[357]|6[56]|7\d|\d{3})|x\d).*|qemuarm64|neov.*",
    "arm": r"arm|armv[4-7].*|arm9.*|arm1136.*|cortex(a(5|7|8|9|12|15|17|32)|m\d+|r\d+)(?!\d).*|qemuarm",
    "riscv64": r"riscv64.*|qemuriscv64|rv64.*",
    "ppc64le": r"ppc64p9le|powerpc64le|ppc64le.*|qemuppc64",
    "ppc64": r"ppc64|ppc64p7",
    "ppc": r"ppc|ppce\d.*|ppc[4-7]\d\d.*|qemuppc",
    "s390x": r"s390x",
    "mips64le": r"mips64(r6)?el.*",
    "mipsle": r"mips(32)?(r[26])?el.*",
    "loong64": r"loongarch64.*|qemuloongarch64",
    "sparc64": r"sparc64.*|sparcv9.*",
    "ia64": r"ia64",
}


def architectures(name: str) -> tuple[str, ...]:
    """Those of the image-spec that packages of *name* are for; none when it is a machine, or all of them."""
    return tuple(found for found, tunes in _TUNES.items() if re.fullmatch(tunes, name))
