"""Puts kernel modules in the order to load them, by what they say: packages have no modules.dep."""

from __future__ import annotations

import gzip
import lzma
import re
import shutil
import struct
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sdk_hooks.errors import SdkError

_SHT_NOBITS = 8


@dataclass(frozen=True)
class Module:
    """A kernel module, uncompressed."""

    name: str
    path: str
    """Below /lib/modules/RELEASE."""
    content: bytes
    depends: tuple[str, ...]


def in_order(directory: Path, wanted: Iterable[str]) -> list[Module]:
    """*wanted* modules of the kernel whose modules are in *directory*, after all that they depend on.

    One that is not there is built in.
    """
    files = {name(path): path for path in sorted(directory.glob("kernel/**/*.ko*"))}
    found: dict[str, Module] = {}

    def add(module: str) -> None:
        if module not in files:
            return
        path = files.pop(module)  # each is looked at once, also when two need each other
        content = uncompressed(path)
        depends = tuple(normal(one) for one in modinfo(content).get("depends", "").split(",") if one)
        for needed in depends:
            add(needed)
        inside = re.sub(r"\.ko\.\w+$", ".ko", str(path.relative_to(directory)))
        found[module] = Module(module, inside, content, depends)

    for module in wanted:
        add(normal(module))
    return list(found.values())


def dependencies(modules: Iterable[Module]) -> str:
    """The text of modules.dep, for modprobe."""
    paths = {module.name: module.path for module in modules}
    lines = (f"{m.path}: {' '.join(paths[one] for one in m.depends if one in paths)}" for m in modules)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def name(path: Path) -> str:
    return normal(re.sub(r"\.ko(\.\w+)?$", "", path.name))


def normal(module: str) -> str:
    """The kernel takes - and _ for the same."""
    return module.replace("-", "_")


def uncompressed(path: Path) -> bytes:
    """The module in *path*: insmod of a small busybox can't unpack it.

    :raises SdkError: When it is packed with zstd, and there is none.
    """
    raw = path.read_bytes()
    if path.suffix == ".xz":
        return lzma.decompress(raw)
    if path.suffix == ".gz":
        return gzip.decompress(raw)
    if path.suffix != ".zst":
        return raw
    if shutil.which("zstd") is None:
        raise SdkError(
            "there is no zstd here, which the modules of this kernel are packed with",
            hint="install it: apt-get install zstd",
            code="missing-program",
        )
    return subprocess.run(("zstd", "-dcq", str(path)), stdout=subprocess.PIPE, check=True).stdout


def modinfo(content: bytes) -> dict[str, str]:
    """What a module says of itself, by key; only the last of keys that come several times."""
    try:
        fields = _section(content, b".modinfo").split(b"\0")
    except (struct.error, ValueError) as error:
        raise SdkError("a kernel module is damaged", detail=str(error), code="bad-module") from error
    pairs = (field.decode(errors="replace").partition("=") for field in fields if b"=" in field)
    return {key: value for key, _, value in pairs}


def _section(content: bytes, wanted: bytes) -> bytes:
    """The content of the section *wanted* of an ELF file, 64 bit and little-endian as all that this boots."""
    if content[:6] != b"\x7fELF\x02\x01":
        raise ValueError("it is not a 64-bit little-endian ELF file")
    (table,) = struct.unpack_from("<Q", content, 0x28)
    size, count, strings = struct.unpack_from("<HHH", content, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", content, table + index * size) for index in range(count)]
    names = headers[strings][4] if strings < count else 0
    for title, kind, _, _, offset, length in headers:
        start = names + title
        if kind != _SHT_NOBITS and content[start : start + len(wanted) + 1] == wanted + b"\0":
            return content[offset : offset + length]
    return b""
