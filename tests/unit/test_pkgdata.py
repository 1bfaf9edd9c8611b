"""pkgdata as do_packagedata writes it: names, closures, scripts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from sdk_hooks.core.sdk.pkgdata import Missing, Package, PkgData, read

LIBRARY_SCRIPT = r'#!/bin/sh\nset -e\nif [ x"$D" = "x" ]; then\n\techo "ö\\n"\nfi\n'


def make(top: Path, recipe: str, packages: Mapping[str, str], **fields: str) -> None:
    """Write what *recipe* made: `{package: depends}`; a package that ends in ! stays empty.

    :param fields: More lines for all packages, `_` for `:` before the package's name.
    """
    runtime = top / "runtime"
    runtime.mkdir(parents=True, exist_ok=True)
    (top / recipe).write_text(f"PACKAGES: {' '.join(name.rstrip('!') for name in packages)}\n")
    for marked, depends in packages.items():
        name = marked.rstrip("!")
        lines = {"PN": recipe, "PKGV": "1.0", "PKGR": "r0", f"RDEPENDS:{name}": depends, f"PKG:{name}": name}
        lines |= {(f"{key[:-1]}:{name}" if key.endswith("_") else key): text for key, text in fields.items()}
        (runtime / name).write_text("".join(f"{key}: {text}\n" for key, text in lines.items()))
        if not marked.endswith("!"):
            (runtime / f"{name}.packaged").touch()


@pytest.fixture
def data(tmp_path: Path) -> PkgData:
    make(tmp_path, "app", {"app": "libapp (>= 1.0) base-files", "app-doc!": ""})
    make(tmp_path, "lib", {"libapp": "glibc (>= 2.36)"}, PKG_="libapp1", pkg_postinst_=LIBRARY_SCRIPT)
    make(tmp_path, "glibc", {"glibc": ""}, FILES_INFO_='{"/lib/libc.so.6": 10, "/usr/bin/ä": 1}')
    make(tmp_path, "base", {"vendor-base": ""})
    (tmp_path / "runtime-reverse").mkdir()
    (tmp_path / "runtime-reverse/libapp1").symlink_to("../runtime/libapp")
    for provider in ("vendor-base", "z-base"):
        (tmp_path / "runtime-rprovides/base-files").mkdir(parents=True, exist_ok=True)
        (tmp_path / "runtime-rprovides/base-files" / provider).touch()
    return PkgData(str(tmp_path))


def test_a_package(data: PkgData) -> None:
    assert data.package("app") == Package(
        "app", "app", "1.0-r0", "app", ("libapp", "base-files"), frozenset(), {}
    )


def test_files_are_without_leading_slash(data: PkgData) -> None:
    package = data.package("glibc")
    assert package and package.files == {"lib/libc.so.6", "usr/bin/ä"}


def test_scripts_are_unescaped(data: PkgData) -> None:
    package = data.package("libapp")
    assert package and package.scripts == {
        "pkg_postinst": '#!/bin/sh\nset -e\nif [ x"$D" = "x" ]; then\n\techo "ö\\n"\nfi\n'
    }


@pytest.mark.parametrize(
    ("asked", "found"), [("libapp", "libapp"), ("libapp1", "libapp"), ("base-files", "vendor-base")]
)
def test_names_of_oe_of_the_package_manager_and_provided_ones(data: PkgData, asked: str, found: str) -> None:
    package = data.package(asked)
    assert package and package.name == found


def test_what_is_empty_or_unknown_is_none(data: PkgData) -> None:
    assert data.package("app-doc") is None
    assert data.package("nosuch") is None


def test_packages_of_a_recipe_are_those_with_files(data: PkgData) -> None:
    assert data.packages_of("app") == ["app"]
    assert data.packages_of("nosuch") == []


def test_closure(data: PkgData) -> None:
    found, missing = data.closure(["app"])
    assert sorted(found) == ["app", "glibc", "libapp", "vendor-base"]
    assert missing == []


def test_closure_names_what_is_missing_and_who_wants_it(tmp_path: Path) -> None:
    make(tmp_path, "app", {"app": "gone app-doc", "app-doc!": ""})
    _, missing = PkgData(str(tmp_path)).closure(["app", "other"])
    assert sorted(missing, key=lambda one: one.name) == [
        Missing("app-doc", "app"),
        Missing("gone", "app"),
        Missing("other", "the image"),
    ]


def test_closure_of_a_circle_ends(tmp_path: Path) -> None:
    make(tmp_path, "a", {"a": "b"})
    make(tmp_path, "b", {"b": "a"})
    assert sorted(PkgData(str(tmp_path)).closure(["a"])[0]) == ["a", "b"]


def test_read_gives_nothing_of_a_missing_file(tmp_path: Path) -> None:
    assert read(str(tmp_path / "nosuch")) == {}
