"""elf.py: against pyelftools on this machine's programs, and on files that no machine would run."""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from sdk_hooks.core.files import elf
from sdk_hooks.core.files.elf import Elf
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Platform

from .elfmaker import AARCH64, ARM, ARM_HARD, ARM_SOFT, I386, MIPS, PPC64, RISCV, S390, X86_64, elf_bytes
from .elfmaker import elf as make
from .helpers import as_nobody, fails, gcc, needs_gcc, root_only

FULL = {
    "interpreter": "/lib/ld.so.1",
    "needed": ("libc.so.6", "libm.so.6"),
    "soname": "libown.so.1",
    "rpath": "$ORIGIN/../lib:/opt/lib",
    "runpath": "/run/lib::/x",
}


def _host_files() -> list[str]:
    """About sixty ELF files of this machine, of all kinds."""
    found = []
    for top in ("/usr/bin", "/usr/lib", "/usr/libexec"):
        for folder, folders, files in os.walk(top):
            folders.sort()
            found += [os.path.join(folder, name) for name in files if top == "/usr/bin" or ".so" in name]
    readable = sorted(path for path in found if os.access(path, os.R_OK) and os.path.isfile(path))
    chosen = random.Random(1).sample(readable, min(150, len(readable)))
    return [path for path in chosen if _starts_like_elf(path)][:60]


def _starts_like_elf(path: str) -> bool:
    with Path(path).open("rb") as stream:
        return stream.read(4) == b"\x7fELF"


def _oracle(path: str) -> tuple[object, ...]:
    from elftools.elf.elffile import ELFFile

    with Path(path).open("rb") as stream:
        file = ELFFile(stream)
        interpreter = [s.get_interp_name() for s in file.iter_segments("PT_INTERP")]
        found: dict[str, list[str]] = {"DT_NEEDED": [], "DT_SONAME": [], "DT_RPATH": [], "DT_RUNPATH": []}
        for segment in file.iter_segments("PT_DYNAMIC"):
            for tag in segment.iter_tags():
                if tag.entry.d_tag in found:
                    found[tag.entry.d_tag].append(getattr(tag, tag.entry.d_tag[3:].lower()))
        return (
            file.elfclass,
            "".join(interpreter),
            tuple(found["DT_NEEDED"]),
            "".join(found["DT_SONAME"]),
            tuple(p for value in found["DT_RPATH"] for p in value.split(":") if p),
            tuple(p for value in found["DT_RUNPATH"] for p in value.split(":") if p),
        )


def test_programs_and_libraries_of_this_machine_read_as_pyelftools_reads_them() -> None:
    files = _host_files()

    assert len(files) > 30
    for path in files:
        found = elf.read(path)
        assert found is not None, path
        ours = (found.bits, found.interpreter, found.needed, found.soname, found.rpath, found.runpath)
        assert ours == _oracle(path), path


@pytest.mark.parametrize(
    ("machine", "bits", "order", "flags", "platform"),
    [
        (X86_64, 64, "<", 0, "linux/amd64"),
        (I386, 32, "<", 0, "linux/386"),
        (ARM, 32, "<", ARM_HARD, "linux/arm/v7"),
        (ARM, 32, "<", ARM_SOFT, "linux/arm/v5"),
        (AARCH64, 64, "<", 0, "linux/arm64/v8"),
        (RISCV, 64, "<", 5, "linux/riscv64"),
        (MIPS, 32, ">", 0, "linux/mips"),
        (MIPS, 64, "<", 0, "linux/mips64le"),
        (PPC64, 64, "<", 2, "linux/ppc64le"),
        (PPC64, 64, ">", 0, "linux/ppc64"),
        (S390, 64, ">", 0, "linux/s390x"),
        (258, 64, "<", 0, "linux/loong64"),
        (RISCV, 32, "<", 0, "linux/elf243"),
        (X86_64, 32, "<", 0, "linux/elf62"),
        (9999, 64, "<", 0, "linux/elf9999"),
    ],
)
def test_every_architecture_has_its_name(
    tmp_path: Path, machine: int, bits: int, order: str, flags: int, platform: str
) -> None:
    path = make(tmp_path / "x", machine=machine, bits=bits, order=order, flags=flags, **FULL)

    found = elf.read(str(path))

    assert found is not None
    assert str(found.platform) == platform
    assert found.platform.os == "linux"


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_facts_are_read_in_both_widths_and_byte_orders(tmp_path: Path, bits: int, order: str) -> None:
    path = make(tmp_path / "x", machine=MIPS, bits=bits, order=order, flags=7, **FULL)

    assert elf.read(str(path)) == Elf(
        architecture=f"mips{'64' if bits == 64 else ''}{'le' if order == '<' else ''}",
        bits=bits,
        machine=MIPS,
        flags=7,
        interpreter="/lib/ld.so.1",
        needed=("libc.so.6", "libm.so.6"),
        soname="libown.so.1",
        rpath=("$ORIGIN/../lib", "/opt/lib"),
        runpath=("/run/lib", "/x"),
    )


def test_hard_float_arm_does_not_link_with_soft_float(tmp_path: Path) -> None:
    hard = elf.read(str(make(tmp_path / "hard", machine=ARM, bits=32, flags=ARM_HARD)))
    soft = elf.read(str(make(tmp_path / "soft", machine=ARM, bits=32, flags=ARM_SOFT)))

    assert hard is not None
    assert soft is not None
    assert (hard.abi, soft.abi) == ((ARM, 32, True), (ARM, 32, False))


def test_flags_of_other_machines_do_not_matter_to_the_abi(tmp_path: Path) -> None:
    one = elf.read(str(make(tmp_path / "one", machine=RISCV, flags=0x5)))
    two = elf.read(str(make(tmp_path / "two", machine=RISCV, flags=0x405)))

    assert one is not None
    assert two is not None
    assert one.abi == two.abi == (RISCV, 64, False)


@pytest.mark.parametrize("kind", [0, 1, 4])
def test_objects_modules_and_core_dumps_are_no_programs(tmp_path: Path, kind: int) -> None:
    assert elf.read(str(make(tmp_path / "x", kind=kind))) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"\x7fELF", b"#!/bin/sh\n" * 9, b"\x7fELF\3\1" + bytes(90), b"\x7fELF\2\3" + bytes(90), b"MZ" * 50],
)
def test_what_does_not_start_like_elf_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)

    assert elf.read(str(path)) is None


def test_a_file_that_ends_early_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(elf_bytes(**FULL)[:70])  # type: ignore[arg-type]

    with fails(
        f"'{path}' is a damaged ELF file [bad-elf]\n  it ends before byte 104\n  hint: build it again"
    ):
        elf.read(str(path))


def test_a_string_table_outside_of_all_segments_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "x"
    raw = elf_bytes(needed=["libc.so.6"])
    address = struct.pack("<qQ", 5, 64 + 2 * 56 + 0x10000)
    path.write_bytes(raw.replace(address, struct.pack("<qQ", 5, 0x900000)))

    with fails(
        f"'{path}' is a damaged ELF file [bad-elf]\n  its string table is in no segment\n"
        "  hint: build it again"
    ):
        elf.read(str(path))


def test_a_string_without_end_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "x"
    raw = elf_bytes(needed=["libc.so.6"])
    last = struct.pack("<qQ", 1, 1)
    path.write_bytes(raw.replace(last, struct.pack("<qQ", 1, len(raw))) + b"x" * 5000)

    with fails(
        f"'{path}' is a damaged ELF file [bad-elf]\n  a string of its dynamic section has no end\n"
        "  hint: build it again"
    ):
        elf.read(str(path))


def test_an_interpreter_of_many_gigabytes_is_damage_and_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "x"
    raw = bytearray(elf_bytes(**FULL))  # type: ignore[arg-type]
    at = 64 + 56 + 32  # p_filesz of the second program header
    raw[at : at + 8] = struct.pack("<Q", 1 << 62)
    path.write_bytes(raw)

    with pytest.raises(SdkError, match=r"it ends before byte \d{19}\n"):
        elf.read(str(path))


def test_every_shorter_version_of_a_file_is_an_answer_or_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x"
    raw = elf_bytes(**FULL)  # type: ignore[arg-type]

    for length in range(len(raw)):
        path.write_bytes(raw[:length])
        _survives(path)


@pytest.mark.parametrize(("bits", "order"), [(64, "<"), (32, "<"), (64, ">"), (32, ">")])
def test_damaged_headers_are_an_answer_or_an_error(tmp_path: Path, bits: int, order: str) -> None:
    dice = random.Random(bits)
    path = tmp_path / "x"
    whole = elf_bytes(bits=bits, order=order, machine=MIPS, **FULL)  # type: ignore[arg-type]

    for _ in range(1500):
        raw = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(4, len(raw))
            extremes = [b"\xff" * 8, b"\x7f" + b"\xff" * 7, bytes(8), b"\x80", dice.randbytes(1)]
            new = dice.choice(extremes)
            raw[at : at + len(new)] = new
        path.write_bytes(raw)
        _survives(path)


def _survives(path: Path) -> None:
    try:
        found = elf.read(str(path))
    except SdkError as error:
        assert error.code == "bad-elf"
    else:
        assert found is None or isinstance(found, Elf)


@root_only
def test_a_file_that_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    path = make(Path(f"/tmp/devtool-containers-test-{os.getpid()}"))
    path.chmod(0o711)
    try:
        with as_nobody(), fails(f"can't read '{path}' [unreadable]\n  Permission denied"):
            elf.read(str(path))
    finally:
        path.unlink()


@needs_gcc
def test_a_file_with_nothing_but_debug_symbols_needs_nothing_that_is_wrong(tmp_path: Path) -> None:
    program = gcc(tmp_path / "program", "int main(void) { return 0; }", "-g")
    if shutil.which("objcopy") is None:
        pytest.skip("objcopy is not installed")
    subprocess.run(["objcopy", "--only-keep-debug", program, tmp_path / "program.debug"], check=True)

    found = elf.read(str(tmp_path / "program.debug"))

    assert found is not None
    assert (found.interpreter, found.needed) == ("", ())


@needs_gcc
def test_a_static_program_has_no_interpreter(tmp_path: Path) -> None:
    program = gcc(tmp_path / "x", "void _start(void) { for (;;); }", "-nostdlib", "-static")

    found = elf.read(str(program))

    assert found is not None
    assert (found.interpreter, found.needed) == ("", ())


def test_the_platform_of_a_program_is_what_an_image_says(tmp_path: Path) -> None:
    found = elf.read(str(make(tmp_path / "x", machine=AARCH64)))

    assert found is not None
    assert found.platform == Platform("arm64", "v8", "linux")
