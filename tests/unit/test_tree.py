"""tree.py: an install tree with its dependencies as groups of files."""

from __future__ import annotations

import os
from pathlib import Path

from sdk_hooks.core.files import tree as trees
from sdk_hooks.core.files.fileset import HARDLINK

from .elfmaker import AARCH64, elf
from .helpers import fails, write

MIB = 1 << 20


def groups(tree: Path, sysroot: Path) -> dict[str, list[str]]:
    return {group.name: sorted(group.entries) for group in trees.read(str(tree), str(sysroot)).groups}


def test_an_empty_tree_is_an_error(tree: Path, sysroot: Path) -> None:
    with fails(
        f"the install tree '{tree}' is empty [empty-tree]\n"
        f"  hint: install into it first: make install DESTDIR={tree}"
    ):
        trees.read(str(tree), str(sysroot))


def test_a_tree_that_is_not_there_is_an_error(tree: Path, sysroot: Path) -> None:
    with fails(f"'{tree}/no' is not a directory [no-directory]\n  hint: give one that is there: --from DIR"):
        trees.read(f"{tree}/no", str(sysroot))


def test_dependencies_belong_to_root_and_come_below_with_their_directories(tree: Path, sysroot: Path) -> None:
    elf(tree / "usr/bin/app", needed=["liba.so.1"])
    elf(sysroot / "usr/lib/liba.so.1").chmod(0o777)
    (sysroot / "usr").chmod(0o700)
    if os.geteuid() == 0:
        os.chown(sysroot / "usr/lib/liba.so.1", 1000, 1000)

    found = trees.read(str(tree), str(sysroot)).groups

    assert [group.name for group in found] == ["dependencies", "application"]
    entries = found[0].entries
    assert list(entries) == ["usr", "usr/lib", "usr/lib/liba.so.1"]
    assert [(e.mode, e.uid, e.gid) for e in entries.values()] == [(0o755, 0, 0)] * 3
    assert [(c.name, c.needs) for group in found for c in group.components] == [
        ("sysroot", ()),
        ("application", ("sysroot",)),
    ]


def test_the_platform_is_that_of_the_programs(tree: Path, sysroot: Path) -> None:
    write(tree, {"etc/conf": "text"})

    assert trees.read(str(tree), str(sysroot)).platform is None

    elf(tree / "usr/lib/libown.so.1", machine=AARCH64).chmod(0o644)

    assert str(trees.read(str(tree), str(sysroot)).platform) == "linux/arm64/v8"


def test_below_eight_mebibytes_of_data_the_application_is_one_group(tree: Path, sysroot: Path) -> None:
    write(tree, {"usr/bin/app": "#!", "usr/share/data": bytes(8 * MIB - 1)})

    assert groups(tree, sysroot) == {
        "dependencies": [],
        "application": ["usr", "usr/bin", "usr/bin/app", "usr/share", "usr/share/data"],
    }


def test_from_eight_mebibytes_on_data_is_below_the_programs(tree: Path, sysroot: Path) -> None:
    write(
        tree,
        {
            "usr/bin/app": b"#!\n" + bytes(9 * MIB),
            "usr/bin/link": "-> app",
            "usr/share/data": bytes(8 * MIB),
            "etc/conf": "x",
            "empty/": "",
        },
    )

    assert groups(tree, sysroot) == {
        "dependencies": [],
        "data": ["empty", "etc", "etc/conf", "usr", "usr/bin", "usr/share", "usr/share/data"],
        "application": ["usr/bin/app", "usr/bin/link"],
    }


def test_all_names_of_one_file_stay_in_one_group(tree: Path, sysroot: Path) -> None:
    write(tree, {"usr/bin/app": "#!", "usr/share/data": bytes(8 * MIB), "usr/share/a": "both"})
    os.link(tree / "usr/share/a", tree / "usr/share/b")
    os.link(tree / "usr/share/data", tree.parent / "a link that is outside of the tree")

    application = trees.read(str(tree), str(sysroot)).groups[-1].entries

    assert sorted(application) == ["usr/bin/app", "usr/share/a", "usr/share/b"]
    assert application["usr/share/b"].kind == HARDLINK


def test_a_tree_of_nothing_but_data_is_one_group(tree: Path, sysroot: Path) -> None:
    write(tree, {"data": bytes(9 * MIB)})

    assert groups(tree, sysroot) == {"dependencies": [], "data": ["data"]}
