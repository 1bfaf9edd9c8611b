"""closure.py: which libraries a program gets, by name, search path and architecture."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from sdk_hooks.core.files import tree as trees

from .elfmaker import AARCH64, ARM, ARM_HARD, ARM_SOFT, I386, elf
from .helpers import fails, gcc, needs_gcc, write

LD = "/lib/ld-linux.so.2"


def needs(tree: Path, sysroot: Path, include: Iterable[str] = (), path: Iterable[str] = ()) -> list[str]:
    """Everything but directories that an image of *tree* takes from *sysroot*."""
    found = trees.read(str(tree), str(sysroot), include, path).groups[0].entries
    return sorted(name for name, entry in found.items() if entry.kind != "5")


@pytest.fixture
def linker(sysroot: Path) -> Path:
    return elf(sysroot / LD[1:], soname="ld-linux.so.2")


def test_a_static_program_needs_nothing(tree: Path, sysroot: Path) -> None:
    elf(tree / "usr/bin/app")

    assert needs(tree, sysroot) == []


def test_libraries_of_libraries_come_with_their_links(tree: Path, sysroot: Path, linker: Path) -> None:
    elf(tree / "usr/bin/app", interpreter=LD, needed=["liba.so.1"])
    elf(sysroot / "usr/lib/liba.so.1.2.3", needed=["libb.so.1"])
    elf(sysroot / "lib/libb.so.1", needed=["liba.so.1"])
    elf(sysroot / "lib/libnot.so.1")
    write(sysroot, {"usr/lib/liba.so.1": "-> liba.so.1.2.3"})

    assert needs(tree, sysroot) == [
        "lib/ld-linux.so.2",
        "lib/libb.so.1",
        "usr/lib/liba.so.1",
        "usr/lib/liba.so.1.2.3",
    ]


def test_the_tree_has_the_first_word_and_is_not_taken_twice(tree: Path, sysroot: Path, linker: Path) -> None:
    elf(tree / "usr/bin/app", interpreter=LD, needed=["liba.so.1"])
    elf(tree / "usr/lib/liba.so.1", needed=["libb.so.1"])
    elf(sysroot / "usr/lib/liba.so.1", needed=["libc.so.1"])
    elf(sysroot / "usr/lib/libb.so.1")

    assert needs(tree, sysroot) == ["lib/ld-linux.so.2", "usr/lib/libb.so.1"]


@pytest.mark.parametrize("tag", ["rpath", "runpath"])
@pytest.mark.parametrize("place", ["$ORIGIN/../lib/own", "${ORIGIN}/../lib/own", "/nowhere:/usr/lib/own"])
def test_search_paths_know_where_they_stand(tree: Path, sysroot: Path, tag: str, place: str) -> None:
    elf(tree / "usr/bin/app", needed=["liba.so.1"], **{tag: place})
    elf(sysroot / "usr/lib/own/liba.so.1")
    elf(sysroot / "usr/lib/liba.so.1")

    assert needs(tree, sysroot) == ["usr/lib/own/liba.so.1"]


def test_rpath_is_inherited_by_libraries_and_runpath_is_not(tree: Path, sysroot: Path) -> None:
    elf(tree / "usr/bin/app", needed=["liba.so.1"], rpath="/opt/lib")
    elf(sysroot / "opt/lib/liba.so.1", needed=["libb.so.1"])
    elf(sysroot / "opt/lib/libb.so.1")

    assert needs(tree, sysroot) == ["opt/lib/liba.so.1", "opt/lib/libb.so.1"]

    elf(tree / "usr/bin/app", needed=["liba.so.1"], runpath="/opt/lib")
    with fails(
        "1 run-time dependency is missing [missing-dependency]\n"
        "  library 'libb.so.1', which '/opt/lib/liba.so.1' needs\n"
        f"  looked in '{tree}' and '{sysroot}'\n"
        "  hint: add them to the install tree, or name the right sysroot with --sysroot"
    ):
        needs(tree, sysroot)


def test_a_library_with_runpath_does_not_see_the_rpath_of_its_user(tree: Path, sysroot: Path) -> None:
    elf(tree / "usr/bin/app", needed=["liba.so.1"], rpath="/opt/lib")
    elf(sysroot / "opt/lib/liba.so.1", needed=["libb.so.1"], runpath="/nowhere")
    elf(sysroot / "opt/lib/libb.so.1")
    elf(sysroot / "usr/lib/libb.so.1")

    assert needs(tree, sysroot) == ["opt/lib/liba.so.1", "usr/lib/libb.so.1"]


def test_directories_of_ld_library_path_come_first(tree: Path, sysroot: Path) -> None:
    elf(tree / "usr/bin/app", needed=["liba.so.1"])
    elf(sysroot / "opt/x/liba.so.1")
    elf(sysroot / "usr/lib/liba.so.1")

    assert needs(tree, sysroot, path=["/opt/x/"]) == ["opt/x/liba.so.1"]


def test_a_library_named_by_its_path_is_taken_from_there(tree: Path, sysroot: Path) -> None:
    elf(tree / "usr/bin/app", needed=["/opt/liba.so.1", "$ORIGIN/../lib/libb.so"])
    elf(sysroot / "opt/liba.so.1")
    elf(tree / "usr/lib/libb.so")

    assert needs(tree, sysroot) == ["opt/liba.so.1"]


def test_the_linker_says_itself_where_it_looks(tree: Path, sysroot: Path, linker: Path) -> None:
    with linker.open("ab") as file:
        file.write(b"\0/lib/riscv64-linux-gnu/\0/usr/lib/riscv64-linux-gnu/\0")
    elf(tree / "usr/bin/app", interpreter=LD, needed=["liba.so.1"])
    elf(sysroot / "usr/lib/riscv64-linux-gnu/liba.so.1")

    assert needs(tree, sysroot) == ["lib/ld-linux.so.2", "usr/lib/riscv64-linux-gnu/liba.so.1"]


def test_what_only_the_linkers_cache_knows_gets_a_link_where_the_linker_looks(
    tree: Path, sysroot: Path, linker: Path
) -> None:
    elf(tree / "usr/bin/app", interpreter=LD, needed=["liba.so.1"])
    elf(sysroot / "opt/vendor/liba.so.1")
    write(
        sysroot,
        {
            "etc/ld.so.conf": "# first a comment\ninclude ld.so.conf.d/*.conf /etc/ld.so.conf\n/empty\n",
            "etc/ld.so.conf.d/v.conf": "/opt/vendor/  # theirs\nhwcap 0 nosegneg\n",
        },
    )

    entries = trees.read(str(tree), str(sysroot)).groups[0].entries

    assert entries["lib/liba.so.1"].link == "/opt/vendor/liba.so.1"
    assert entries["opt/vendor/liba.so.1"].kind == "0"
    assert "etc/ld.so.conf" not in entries


def test_in_a_merged_usr_sysroot_the_links_come_along(tree: Path, sysroot: Path) -> None:
    elf(sysroot / "usr/lib/ld-linux.so.2")
    elf(sysroot / "usr/lib/liba.so.1")
    write(sysroot, {"lib": "-> usr/lib"})
    elf(tree / "usr/bin/app", interpreter=LD, needed=["liba.so.1"])

    assert needs(tree, sysroot) == ["lib", "usr/lib/ld-linux.so.2", "usr/lib/liba.so.1"]


def test_an_absolute_link_means_the_sysroot_and_not_this_machine(tree: Path, sysroot: Path) -> None:
    elf(sysroot / "usr/lib/real/liba.so.1.9")
    write(sysroot, {"lib": "-> /usr/lib", "usr/lib/liba.so.1": "-> /lib/real/liba.so.1.9"})
    elf(tree / "usr/bin/app", needed=["liba.so.1"])

    assert needs(tree, sysroot) == ["lib", "usr/lib/liba.so.1", "usr/lib/real/liba.so.1.9"]


def test_a_loop_of_links_is_like_nothing(tree: Path, sysroot: Path) -> None:
    write(sysroot, {"usr/lib/liba.so.1": "-> liba.so.2", "usr/lib/liba.so.2": "-> liba.so.1"})
    elf(tree / "usr/bin/app", needed=["liba.so.1"])

    with fails(
        "1 run-time dependency is missing [missing-dependency]\n"
        "  library 'liba.so.1', which '/usr/bin/app' needs\n"
        f"  looked in '{tree}' and '{sysroot}'\n"
        "  hint: add them to the install tree, or name the right sysroot with --sysroot"
    ):
        needs(tree, sysroot)


def test_a_library_of_another_architecture_is_passed_over(tree: Path, sysroot: Path) -> None:
    elf(tree / "usr/bin/app", machine=AARCH64, needed=["liba.so.1"], rpath="/opt/a:/opt/b:/opt/c")
    elf(sysroot / "opt/a/liba.so.1", machine=I386, bits=32)
    write(sysroot, {"opt/b/liba.so.1": "GROUP ( /lib/libc.so.6 )"})
    elf(sysroot / "opt/c/liba.so.1", machine=AARCH64)

    assert needs(tree, sysroot) == ["opt/c/liba.so.1"]


def test_everything_that_is_missing_is_said_at_once(tree: Path, sysroot: Path) -> None:
    elf(tree / "usr/bin/app", interpreter=LD, needed=["liba.so.1", "libb.so.1", "/opt/libc.so"])
    elf(tree / "usr/bin/other", needed=["liba.so.1"])

    with fails(
        "5 run-time dependencies are missing [missing-dependency]\n"
        "  dynamic linker '/lib/ld-linux.so.2', which '/usr/bin/app' needs\n"
        "  library '/opt/libc.so', which '/usr/bin/app' needs\n"
        "  library 'liba.so.1', which '/usr/bin/app' needs\n"
        "  library 'liba.so.1', which '/usr/bin/other' needs\n"
        "  library 'libb.so.1', which '/usr/bin/app' needs\n"
        f"  looked in '{tree}' and '{sysroot}'\n"
        "  hint: add them to the install tree, or name the right sysroot with --sysroot"
    ):
        needs(tree, sysroot)


def test_programs_of_two_architectures_do_not_go_into_one_image(tree: Path, sysroot: Path) -> None:
    elf(tree / "usr/bin/a")
    elf(tree / "usr/bin/b", machine=AARCH64)

    with fails(
        f"'{tree}/usr/bin/b' is for arm64 (64 bit), '/usr/bin/a' is for amd64 (64 bit)"
        " [mixed-architectures]\n"
        "  hint: an image has one architecture: give the install tree and the sysroot of the same one"
    ):
        needs(tree, sysroot)


def test_hard_float_and_soft_float_do_not_go_into_one_image(tree: Path, sysroot: Path) -> None:
    elf(tree / "usr/bin/a", machine=ARM, bits=32, flags=ARM_HARD, interpreter=LD)
    elf(sysroot / LD[1:], machine=ARM, bits=32, flags=ARM_SOFT)

    with fails(
        f"'{sysroot}{LD}' is for arm (32 bit, soft float), '/usr/bin/a' is for arm (32 bit)"
        " [mixed-architectures]\n"
        "  hint: an image has one architecture: give the install tree and the sysroot of the same one"
    ):
        needs(tree, sysroot)


@pytest.mark.parametrize("symbol", ["pthread_exit", "pthread_cancel"])
def test_what_ends_threads_needs_libgcc_s(tree: Path, sysroot: Path, symbol: str) -> None:
    program = elf(tree / "usr/bin/app", needed=["libc.so.6"])
    elf(sysroot / "lib/libc.so.6")
    elf(sysroot / "lib/libgcc_s.so.1", needed=["libc.so.6"])

    assert needs(tree, sysroot) == ["lib/libc.so.6"]

    program.write_bytes(program.read_bytes() + f"\0{symbol}\0".encode())

    assert needs(tree, sysroot) == ["lib/libc.so.6", "lib/libgcc_s.so.1"]


def test_what_looks_up_hosts_gets_the_services_of_an_old_libc(tree: Path, sysroot: Path) -> None:
    program = elf(tree / "usr/bin/app", needed=["libc.so.6"])
    program.write_bytes(program.read_bytes() + b"\0getaddrinfo\0")
    elf(sysroot / "lib/libc.so.6")

    assert needs(tree, sysroot) == ["lib/libc.so.6"]

    elf(sysroot / "lib/libnss_dns.so.2")

    assert needs(tree, sysroot) == ["lib/libc.so.6", "lib/libnss_dns.so.2"]


def test_names_that_no_file_can_have_are_missing_and_no_bug(tree: Path, sysroot: Path) -> None:
    elf(tree / "usr/bin/app", needed=["x" * 300])

    with fails(
        "1 run-time dependency is missing [missing-dependency]\n"
        f"  library '{'x' * 300}', which '/usr/bin/app' needs\n"
        f"  looked in '{tree}' and '{sysroot}'\n"
        "  hint: add them to the install tree, or name the right sysroot with --sysroot"
    ):
        needs(tree, sysroot)


@needs_gcc
def test_what_gcc_links_is_found(tree: Path, sysroot: Path) -> None:
    low = gcc(sysroot / "usr/lib/liblow.so.1", "int low;", "-shared", "-nostdlib", "-Wl,-soname,liblow.so.1")
    high = gcc(
        sysroot / "opt/lib/libhigh.so.2.0",
        "extern int low; int *high(void) { return &low; }",
        *("-shared", "-nostdlib", "-fPIC", "-Wl,-soname,libhigh.so.2", str(low)),
    )
    os.symlink("libhigh.so.2.0", sysroot / "opt/lib/libhigh.so.2")
    gcc(
        tree / "usr/bin/app",
        "int *high(void); void _start(void) { high(); }",
        *("-nostdlib", str(high), "-Wl,-rpath,$ORIGIN/../../opt/lib", f"-Wl,-rpath-link,{low.parent}"),
        f"-Wl,--dynamic-linker,{LD}",
    )
    gcc(sysroot / LD[1:], "int ld;", "-shared", "-nostdlib")

    assert needs(tree, sysroot) == [
        "lib/ld-linux.so.2",
        "opt/lib/libhigh.so.2",
        "opt/lib/libhigh.so.2.0",
        "usr/lib/liblow.so.1",
    ]
