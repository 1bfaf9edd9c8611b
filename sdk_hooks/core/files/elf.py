"""Reads what a dynamic linker reads of an ELF file: machine, interpreter, needed libraries, search paths.

Layouts are those of the System V gABI, chapters 4 and 5.
"""

from __future__ import annotations

import itertools
import os
import struct
from dataclasses import dataclass
from typing import IO

from sdk_hooks.errors import SdkError
from sdk_hooks.target import Platform

_EM_ARM, _EM_MIPS, _EM_PPC64, _EM_RISCV, _EM_X86_64 = 40, 8, 21, 243, 62
_ARCHITECTURES = {
    (3, 1): "386",
    (_EM_ARM, 1): "arm",
    (_EM_X86_64, 2): "amd64",
    (183, 2): "arm64",
    (_EM_RISCV, 2): "riscv64",
    (258, 2): "loong64",
    (22, 2): "s390x",
}
_ENDIAN = {_EM_MIPS: {1: "mips", 2: "mips64"}, _EM_PPC64: {2: "ppc64"}}
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_SONAME, _DT_RPATH, _DT_RUNPATH, _DT_STRSZ = 0, 1, 5, 14, 15, 29, 10
_EF_ARM_HARD_FLOAT = 0x400


@dataclass(frozen=True)
class Elf:
    """What the dynamic linker wants to know of one file."""

    architecture: str
    """GOARCH, as the image-spec has it."""
    bits: int
    machine: int
    flags: int
    interpreter: str = ""
    needed: tuple[str, ...] = ()
    soname: str = ""
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()

    @property
    def abi(self) -> tuple[int, int, bool]:
        """Two files with the same value can be linked together."""
        hard = self.machine == _EM_ARM and bool(self.flags & _EF_ARM_HARD_FLOAT)
        return self.machine, self.bits, hard

    @property
    def platform(self) -> Platform:
        """The least machine that this is certain to need; ARM files do not say which variant."""
        variant = {"arm64": "v8", "arm": "v7" if self.flags & _EF_ARM_HARD_FLOAT else "v5"}
        return Platform(self.architecture, variant.get(self.architecture, ""))


def read(path: str) -> Elf | None:
    """The ELF facts of the file at *path*, or None when it is no ELF program or library.

    :raises SdkError: When it starts like one and is damaged, or can't be read.
    """
    try:
        with open(path, "rb") as stream:
            ident = stream.read(16)
            if len(ident) < 16 or ident[:4] != b"\x7fELF" or ident[4] not in (1, 2) or ident[5] not in (1, 2):
                return None
            return _Reader(stream, ident).elf()
    except (struct.error, ValueError) as error:
        raise SdkError(
            f"{path!r} is a damaged ELF file", detail=str(error), hint="build it again", code="bad-elf"
        ) from error
    except OSError as error:
        raise SdkError(f"can't read {path!r}", detail=error.strerror or "", code="unreadable") from error


def strings(path: str) -> bytes:
    """The table with the names of all symbols that the dynamic file at *path* imports and exports."""
    with open(path, "rb") as stream:
        return _Reader(stream, stream.read(16)).strings()


class _Reader:
    def __init__(self, stream: IO[bytes], ident: bytes) -> None:
        self.stream = stream
        self.length = os.fstat(stream.fileno()).st_size
        self.wide = ident[4] == 2
        self.order = "<" if ident[5] == 1 else ">"

    def elf(self) -> Elf | None:
        kind, machine, *_, flags, _, _, _ = self._header()
        bits = 64 if self.wide else 32
        architecture = self._architecture(machine)
        if kind not in (2, 3):  # ET_EXEC, ET_DYN; relocatable files such as kernel modules link to nothing
            return None
        segments = self._segments()
        interpreter = next((self._bytes(off, size) for t, off, _, size in segments if t == _PT_INTERP), b"")
        facts = self._dynamic(segments)
        return Elf(
            architecture,
            bits,
            machine,
            flags,
            interpreter.rstrip(b"\0").decode(),
            tuple(facts.get(_DT_NEEDED, ())),
            "".join(facts.get(_DT_SONAME, ())[:1]),
            _paths(facts.get(_DT_RPATH, [])),
            _paths(facts.get(_DT_RUNPATH, [])),
        )

    def strings(self) -> bytes:
        segments = self._segments()
        tags = dict(self._tags(segments))
        start = self._file_offset(segments, tags[_DT_STRTAB])
        return self._bytes(start, min(tags.get(_DT_STRSZ, self.length), self.length - start))

    def _header(self) -> tuple[int, ...]:
        return self._unpack("HHIQQQIHHH" if self.wide else "HHIIIIIHHH", 16)

    def _segments(self) -> list[tuple[int, int, int, int]]:
        header = self._header()
        return [self._segment(header[4] + index * header[8]) for index in range(header[9])]

    def _architecture(self, machine: int) -> str:
        bits = 2 if self.wide else 1
        little = "le" if self.order == "<" else ""
        if machine in _ENDIAN:
            return _ENDIAN[machine].get(bits, f"elf{machine}") + little
        return _ARCHITECTURES.get((machine, bits), f"elf{machine}")

    def _segment(self, offset: int) -> tuple[int, int, int, int]:
        """(type, file offset, virtual address, size in file) of a program header."""
        if self.wide:
            kind, _, start, address, _, size = self._unpack("IIQQQQ", offset)
        else:
            kind, start, address, _, size = self._unpack("IIIII", offset)
        return kind, start, address, size

    def _dynamic(self, segments: list[tuple[int, int, int, int]]) -> dict[int, list[str]]:
        tags = self._tags(segments)
        address = next((value for tag, value in tags if tag == _DT_STRTAB), None)
        if address is None:
            return {}
        strings = self._file_offset(segments, address)
        wanted = (_DT_NEEDED, _DT_SONAME, _DT_RPATH, _DT_RUNPATH)
        found: dict[int, list[str]] = {}
        for tag, value in tags:
            if tag in wanted:
                found.setdefault(tag, []).append(self._string(strings + value))
        return found

    def _tags(self, segments: list[tuple[int, int, int, int]]) -> list[tuple[int, int]]:
        table = next(((off, size) for t, off, _, size in segments if t == _PT_DYNAMIC), (0, 0))
        form = "qQ" if self.wide else "iI"
        raw = self._bytes(*table)
        usable = len(raw) - len(raw) % struct.calcsize(self.order + form)
        found = struct.iter_unpack(self.order + form, raw[:usable])
        return list(itertools.takewhile(lambda entry: entry[0] != _DT_NULL, found))

    def _file_offset(self, segments: list[tuple[int, int, int, int]], address: int) -> int:
        for kind, offset, start, size in segments:
            if kind == _PT_LOAD and start <= address < start + size:
                return address - start + offset
        raise ValueError("its string table is in no segment")

    def _string(self, offset: int) -> str:
        raw = self._bytes(offset, min(4096, self.length - offset))
        end = raw.find(b"\0")
        if end < 0:
            raise ValueError("a string of its dynamic section has no end")
        return raw[:end].decode(errors="surrogateescape")

    def _unpack(self, form: str, offset: int) -> tuple[int, ...]:
        form = self.order + form
        return struct.unpack(form, self._bytes(offset, struct.calcsize(form)))

    def _bytes(self, offset: int, size: int) -> bytes:
        # checked before it is tried: a damaged header may ask for more than there is memory
        if size < 0 or offset + size > self.length:
            raise ValueError(f"it ends before byte {offset + max(size, 1)}")
        self.stream.seek(offset)
        return self.stream.read(size)


def _paths(values: list[str]) -> tuple[str, ...]:
    return tuple(path for value in values for path in value.split(":") if path)
