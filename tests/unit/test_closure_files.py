"""closure.py: scripts and their interpreters, what is included by name, links that leave the tree."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sdk_hooks.core.files import tree as trees
from sdk_hooks.core.files.root import Root

from .elfmaker import elf
from .helpers import as_nobody, fails, root_only, write
from .test_closure import LD, needs

MISSING = "1 run-time dependency is missing [missing-dependency]\n"
HINT = "  hint: add them to the install tree, or name the right sysroot with --sysroot"


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("#!/bin/sh", ["bin/sh"]),
        ("#! /bin/sh -eu", ["bin/sh"]),
        ("#!/usr/bin/env lua", ["usr/bin/env", "usr/local/bin/lua"]),
        ("#!/usr/bin/env -S LUA=1 lua -u", ["usr/bin/env", "usr/local/bin/lua"]),
        ("#!/usr/bin/env /bin/sh", ["bin/sh", "usr/bin/env"]),
        ("#!/usr/bin/env", ["usr/bin/env"]),
        ("#!", []),
        ("echo no interpreter", []),
    ],
)
def test_a_script_brings_its_interpreter(tree: Path, sysroot: Path, line: str, wanted: list[str]) -> None:
    for path in ("bin/sh", "usr/bin/env", "usr/local/bin/lua", "usr/bin/lua"):
        elf(sysroot / path)
    write(tree, {"usr/bin/app": line + "\nexit\n"})
    (tree / "usr/bin/app").chmod(0o755)

    assert needs(tree, sysroot) == wanted


def test_a_script_that_can_not_be_executed_brings_nothing(tree: Path, sysroot: Path) -> None:
    write(tree, {"usr/share/example.sh": "#!/bin/sh\n"})
    (tree / "usr/share/example.sh").chmod(0o644)

    assert needs(tree, sysroot) == []


def test_an_interpreter_may_be_a_link_and_a_script_and_has_needs(tree: Path, sysroot: Path) -> None:
    elf(sysroot / "usr/lib/libown.so.1")
    elf(sysroot / "bin/busybox", needed=["libown.so.1"])
    write(sysroot, {"bin/sh": "-> busybox", "usr/bin/tool": "#!/bin/sh\n"})
    write(tree, {"usr/bin/app": "#!/usr/bin/tool\n"})

    assert needs(tree, sysroot) == ["bin/busybox", "bin/sh", "usr/bin/tool", "usr/lib/libown.so.1"]


def test_python_comes_with_its_library_and_that_with_its_needs(tree: Path, sysroot: Path) -> None:
    elf(sysroot / "usr/bin/python3.12")
    elf(sysroot / "usr/lib/python3.12/lib-dynload/_ssl.so", needed=["libssl.so.3"])
    elf(sysroot / "usr/lib/libssl.so.3")
    write(
        sysroot,
        {
            "usr/bin/env": "",
            "usr/bin/python3": "-> python3.12",
            "usr/lib/python3.12/os.py": "",
            "usr/lib/python3.12/__pycache__/os.pyc": "",
            "usr/lib/python3.12/idle.py": "#!/no/such/python\n",
        },
    )
    write(tree, {"usr/bin/app": "#!/usr/bin/env python3 -u\n"})

    assert needs(tree, sysroot) == [
        "usr/bin/env",
        "usr/bin/python3",
        "usr/bin/python3.12",
        "usr/lib/libssl.so.3",
        "usr/lib/python3.12/idle.py",
        "usr/lib/python3.12/lib-dynload/_ssl.so",
        "usr/lib/python3.12/os.py",
    ]


def test_perl_comes_with_its_modules(tree: Path, sysroot: Path) -> None:
    elf(sysroot / "usr/bin/perl")
    write(sysroot, {"usr/lib/perl5/5.38/strict.pm": "", "usr/lib/arm-linux/perl-base/a.pm": ""})
    write(tree, {"usr/bin/app": "#!/usr/bin/perl -w\n"})

    assert needs(tree, sysroot) == [
        "usr/bin/perl",
        "usr/lib/arm-linux/perl-base/a.pm",
        "usr/lib/perl5/5.38/strict.pm",
    ]


@pytest.mark.parametrize(
    ("line", "name"),
    [("#!/bin/sh", "/bin/sh"), ("#!/bin/a\0b", "/bin/a\\x00b"), ("#!/usr/bin/env lua", "/usr/bin/lua")],
)
def test_a_missing_interpreter_is_named(tree: Path, sysroot: Path, line: str, name: str) -> None:
    write(sysroot, {"usr/bin/env": ""})
    write(tree, {"usr/bin/app": line + "\n"})

    with fails(
        f"{MISSING}  interpreter '{name}', which '/usr/bin/app' needs\n"
        f"  looked in '{tree}' and '{sysroot}'\n{HINT}"
    ):
        needs(tree, sysroot)


def test_an_opened_library_is_included_by_name_and_with_its_needs(tree: Path, sysroot: Path) -> None:
    elf(tree / "usr/bin/app")
    elf(sysroot / "usr/lib/libplugin.so.1", needed=["libz.so.1"])
    elf(sysroot / "lib/libz.so.1")

    assert needs(tree, sysroot, ["libplugin.so.1"]) == ["lib/libz.so.1", "usr/lib/libplugin.so.1"]


def test_globs_and_directories_are_included(tree: Path, sysroot: Path) -> None:
    elf(sysroot / "usr/lib/gio/liba.so", needed=["libz.so.1"])
    elf(sysroot / "lib/libz.so.1")
    write(
        sysroot, {"usr/lib/gio/x.la": "", "usr/share/zoneinfo/Europe/Oslo": "", "usr/share/zoneinfo/UTC": ""}
    )
    write(sysroot, {"usr/share/zoneinfo/Zulu": "-> UTC", "usr/share/other": ""})
    elf(tree / "usr/bin/app")

    assert needs(tree, sysroot, ["/usr/lib/gio/*.so", "/usr/share/zoneinfo/"]) == [
        "lib/libz.so.1",
        "usr/lib/gio/liba.so",
        "usr/share/zoneinfo/Europe/Oslo",
        "usr/share/zoneinfo/UTC",
        "usr/share/zoneinfo/Zulu",
    ]
    assert needs(tree, sysroot, ["/usr/**/UTC"]) == ["usr/share/zoneinfo/UTC"]


def test_a_glob_follows_the_links_of_the_sysroot_and_not_of_this_machine(tree: Path, sysroot: Path) -> None:
    elf(sysroot / "usr/lib/libown.so")
    write(sysroot, {"lib": "-> /usr/lib"})
    elf(tree / "usr/bin/app")

    assert needs(tree, sysroot, ["/lib/lib*.so"]) == ["lib", "usr/lib/libown.so"]


@pytest.mark.parametrize("wanted", ["/usr/lib/own", "/usr/lib/o*"])
def test_what_the_tree_has_itself_needs_no_including(tree: Path, sysroot: Path, wanted: str) -> None:
    write(tree, {"usr/lib/own/data": ""})

    assert needs(tree, sysroot, [wanted]) == []


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [("libno.so.1", "library"), ("/usr/lib/no", "file"), ("/usr/lib/no*", "file")],
)
def test_what_is_included_and_is_not_there_is_an_error(
    tree: Path, sysroot: Path, wanted: str, kind: str
) -> None:
    elf(tree / "usr/bin/app")

    with fails(
        f"{MISSING}  {kind} '{wanted}', which 'include' needs\n  looked in '{tree}' and '{sysroot}'\n{HINT}"
    ):
        needs(tree, sysroot, [wanted])


def test_a_link_of_the_tree_brings_what_only_the_sysroot_has(tree: Path, sysroot: Path) -> None:
    elf(sysroot / "usr/bin/busybox", interpreter=LD)
    elf(sysroot / LD[1:])
    write(sysroot, {"usr/bin/[": "-> busybox", "etc/app/a": "", "etc/app/b": "-> a"})
    write(
        tree,
        {
            "usr/bin/test": "-> [",
            "etc/own": "-> ../etc/app",
            "etc/a": "-> own/a",
            "x": "-> gone",
            "o": "-> o",
        },
    )

    assert needs(tree, sysroot) == [
        "etc/app/a",
        "etc/app/b",
        "lib/ld-linux.so.2",
        "usr/bin/[",
        "usr/bin/busybox",
    ]


@pytest.mark.parametrize(
    "target", ["/proc/self/mounts", "/run", "../run/lock", "/dev/null", "/tmp", "/etc/mtab"]
)
def test_a_link_to_what_exists_at_run_time_brings_nothing_of_this_machine(
    tree: Path, sysroot: Path, target: str
) -> None:
    files = {
        "proc/self/mounts": "x",
        "run/lock/x": "",
        "dev/null": "",
        "tmp/x": "",
        "etc/mtab": "-> /proc/self/mounts",
    }
    write(sysroot, files)
    write(tree, {"etc/link": f"-> {target}"})

    assert needs(tree, sysroot) == []


def test_a_sysroot_that_is_no_directory_is_an_error(tree: Path) -> None:
    elf(tree / "usr/bin/app")

    with fails(
        f"'{tree}/nowhere' is not a directory [no-directory]\n  hint: give one that is there: --sysroot DIR"
    ):
        trees.read(str(tree), f"{tree}/nowhere")


def test_the_root_of_this_machine_can_be_looked_at_too() -> None:
    root = Root("/")

    assert root.host("/etc/passwd") == "/etc/passwd"
    assert root.glob("/etc/pass[w]d") == ["/etc/passwd"]


@pytest.mark.parametrize(
    ("path", "trail"),
    [
        ("/a/b/c", ["/a/b/c"]),
        ("/link/c", ["/link", "/a/b/c"]),
        ("/a/./b/../b//c", ["/a/b/c"]),
        ("/../../a/b/c", ["/a/b/c"]),
        ("/up/b/c", ["/up", "/a/b/c"]),
        ("/a/b/c/d", []),
        ("/loop", []),
        ("/", ["/"]),
        ("/a\0b", []),
        ("/" + "x" * 300, []),
    ],
)
def test_a_path_is_looked_up_as_after_chroot(tmp_path: Path, path: str, trail: list[str]) -> None:
    write(tmp_path, {"a/b/c": "", "link": "-> /a/b", "up": "-> ../../../a", "loop": "-> loop"})

    assert Root(str(tmp_path)).trail(path) == trail


@root_only
def test_a_directory_that_may_not_be_searched_is_an_error() -> None:
    top = Path(f"/tmp/devtool-containers-root-{os.getpid()}")
    write(top, {"closed/x": ""})
    (top / "closed").chmod(0o700)
    try:
        with as_nobody(), fails(f"can't read '{top}/closed/x' [unreadable]\n  Permission denied"):
            Root(str(top)).trail("/closed/x")
    finally:
        (top / "closed/x").unlink()
        (top / "closed").rmdir()
        top.rmdir()
