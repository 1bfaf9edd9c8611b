"""Makes small ELF files of any architecture byte by byte, after chapters 4 and 5 of the System V gABI."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

X86_64, I386, ARM, AARCH64, RISCV, MIPS, PPC64, S390 = 62, 3, 40, 183, 243, 8, 21, 22
ARM_HARD, ARM_SOFT = 0x5000400, 0x5000200
_BASE = 0x10000  # addresses differ from file offsets, as they do in real files


def elf_bytes(
    *,
    machine: int = X86_64,
    bits: int = 64,
    order: str = "<",
    flags: int = 0,
    kind: int = 3,
    interpreter: str = "",
    needed: Iterable[str] = (),
    soname: str = "",
    rpath: str = "",
    runpath: str = "",
) -> bytes:
    """A program or library with just the headers that a dynamic linker reads."""
    wide = bits == 64
    strings = bytearray(b"\0")

    def text(value: str) -> int:
        strings.extend(value.encode() + b"\0")
        return len(strings) - len(value.encode()) - 1

    tags = [(1, text(name)) for name in needed]
    tags += [(tag, text(value)) for tag, value in ((14, soname), (15, rpath), (29, runpath)) if value]
    head, one = (64, 56) if wide else (52, 32)
    count = 3 if interpreter else 2
    table = head + one * count
    interp = interpreter.encode() + b"\0" if interpreter else b""
    dynamic = table + len(strings) + len(interp)
    tags += [(5, table + _BASE), (0, 0)]
    form = order + ("qQ" if wide else "iI")
    body = bytes(strings) + interp + b"".join(struct.pack(form, *tag) for tag in tags)

    def segment(what: int, offset: int, size: int) -> bytes:
        at = offset + _BASE
        if wide:
            return struct.pack(order + "IIQQQQQQ", what, 4, offset, at, at, size, size, 8)
        return struct.pack(order + "IIIIIIII", what, offset, at, at, size, size, 4, 4)

    segments = segment(1, 0, table + len(body))
    segments += segment(3, table + len(strings), len(interp)) if interp else b""
    segments += segment(2, dynamic, table + len(body) - dynamic)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    numbers = (kind, machine, 1, 0, head, 0, flags, head, one, count, 0, 0, 0)
    header = struct.pack(order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"), *numbers)
    return ident + header + segments + body


def elf(path: Path, **facts: object) -> Path:
    """Write such a file to *path*, executable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(elf_bytes(**facts))  # type: ignore[arg-type]  # passed through
    path.chmod(0o755)
    return path
