"""What does not need an SDK: platforms, fingerprints, and what BitBake's errors mean."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sdk_hooks.core.files.fileset import DIRECTORY, FILE, Entry
from sdk_hooks.core.sdk import packages as sdk_packages
from sdk_hooks.core.sdk.bitbake import Bitbake
from sdk_hooks.core.sdk.build import Known, Memory, build
from sdk_hooks.core.sdk.packages import Packages, closure, platform
from sdk_hooks.errors import SdkError

from .helpers import fails
from .test_pkgdata import make
from .test_sdk_bitbake import Story

HASH = "ac0fde98cf7e07b921d16bc1f2361d5ba1b442ae1985784fee1e795bbbb62cfc"
OTHER = "03f5df71a7ae971992aa374297cc5541022e1745b63eeb1a059643d9de3ea3d3"
LDCONFIG = (
    r'#!/bin/sh\nset -e\nif [ x"$D" = "x" ]; then\n\tif [ -x /sbin/ldconfig ]; then /sbin/ldconfig ; fi\nfi\n'
)


@pytest.mark.parametrize(
    ("architecture", "features", "expected"),
    [
        ("x86_64", "m64 core2", "linux/amd64"),
        ("i686", "m32 core2", "linux/386"),
        ("aarch64", "aarch64 armv8a crc", "linux/arm64/v8"),
        ("arm", "arm vfp cortexa9 neon thumb armv7a", "linux/arm/v7"),
        ("arm", "arm armv6 vfp arm1176jzfs", "linux/arm/v6"),
        ("arm", "arm cortexa7", "linux/arm/v7"),
        ("riscv64", "riscv64", "linux/riscv64"),
        ("powerpc64le", "m64", "linux/ppc64le"),
        ("mipsel", "o32", "linux/mipsle"),
        ("s390x", "", "linux/s390x"),
    ],
)
def test_platform(architecture: str, features: str, expected: str) -> None:
    assert str(platform(architecture, features)) == expected


# Recorded: OE-Core master of 2026, package_deb.
def test_a_recipe_for_the_build_machine_is_refused() -> None:
    recipe = {"PN": "m4-native", "CLASSOVERRIDE": "class-native"}
    with fails(
        "the recipe 'm4-native' is for the build machine, not for the target [not-for-target]\n"
        "  hint: build the container of a recipe for the target"
    ):
        build(Bitbake(None, "/", Story()), recipe, {}, Story())


def test_a_recipe_without_its_package(tmp_path: Path) -> None:
    make(tmp_path, "app", {"app!": "", "app-dev": ""})
    with fails(
        "the recipe 'app' makes no package 'app' [no-package]\n"
        "  it makes: app-dev\n"
        '  hint: install something that belongs to FILES:app, or set ALLOW_EMPTY:app = "1"'
    ):
        closure({"PN": "app", "PKGDATA_DIR": str(tmp_path)})


def test_missing_packages_are_named(tmp_path: Path) -> None:
    make(tmp_path, "app", {"app": "gone other"})
    with fails(
        "2 run-time dependencies are missing [missing-dependency]\n"
        "  package 'gone', which 'app' needs\n"
        "  package 'other', which 'app' needs\n"
        "  hint: add a recipe that makes it, or correct RDEPENDS"
    ):
        Packages.read({"PN": "app", "PKGDATA_DIR": str(tmp_path)})


def test_work_that_is_gone(tmp_path: Path) -> None:
    make(tmp_path, "app", {"app": ""})
    recipe = {
        "PN": "app",
        "PKGDATA_DIR": str(tmp_path),
        "PKGDEST": f"{tmp_path}/split",
        "D": f"{tmp_path}/image",
    }
    with fails(
        f"BitBake says that it built 'app', but '{tmp_path}/split' is not there [work-gone]\n"
        "  hint: bitbake -c clean app, then build again"
    ):
        Packages.read(recipe)


class Built:
    """A hand-made recipe `app` that needs `dep`: changed step by step, its fingerprint asked for."""

    def __init__(self, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.top, self.depends, self.fields = top, "dep", {"pkg_postinst_": LDCONFIG}
        self.files = [
            Entry("usr/bin", DIRECTORY, 0o755),
            Entry("usr/bin/app", FILE, 0o755, size=3, stamp=(1, 2, 3, 4)),
        ]
        make(top, "dep", {"dep": ""})
        for directory in ("split/app", "image", "stamps/core2/dep"):
            (top / directory).mkdir(parents=True)
        self.stamp(HASH)
        monkeypatch.setattr(
            sdk_packages, "_listing", lambda variables, tops: [self.files for _ in list(tops)]
        )

    def stamp(self, taskhash: str) -> None:
        """What BitBake leaves of do_packagedata: the machine's name comes after the hash."""
        directory = self.top / "stamps/core2/dep"
        for old in directory.glob("*.lab_x86"):
            old.unlink()
        (directory / f"1.0-r0.do_packagedata.{taskhash}.lab_x86").touch()
        (directory / f"1.0-r0.do_packagedata.sigdata.{taskhash}").touch()

    @property
    def fingerprint(self) -> str:
        make(self.top, "app", {"app": self.depends}, **self.fields)
        variables = {
            "PN": "app",
            "PKGDATA_DIR": self.top,
            "PKGDEST": self.top / "split",
            "D": self.top / "image",
        }
        text = {key: str(value) for key, value in (variables | {"STAMPS_DIR": self.top / "stamps"}).items()}
        return Packages.read(text).fingerprint

    def add(self, entry: Entry) -> None:
        self.files = [*self.files, entry]

    def replace(self, index: int, **changes: object) -> None:
        self.files = [e._replace(**changes) if i == index else e for i, e in enumerate(self.files)]  # type: ignore[arg-type]


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Built:
    return Built(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    "change",
    [
        lambda built: built.stamp(OTHER),
        lambda built: built.add(Entry("usr/bin/new", FILE, 0o755)),
        lambda built: built.replace(0, mode=0o700),
        lambda built: built.fields.update(pkg_preinst_="useradd app"),
        lambda built: built.fields.update(pkg_postinst_="systemctl preset app"),
        lambda built: make(built.top, "third", {"third": ""}) or setattr(built, "depends", "dep third"),
    ],
    ids=["dependency", "file", "mode of a directory", "user", "script", "RDEPENDS"],
)
def test_fingerprint_changes_with(built: Built, change: Callable[[Built], object]) -> None:
    before = built.fingerprint
    change(built)
    assert built.fingerprint != before


def test_fingerprint_stays_when_only_content_changes(built: Built) -> None:
    before = built.fingerprint
    built.replace(1, size=4, mode=0o700, stamp=(9, 9, 9, 9))
    assert built.fingerprint == before


def test_fingerprint_knows_that_a_script_may_read_files(built: Built) -> None:
    built.fields["pkg_postinst_"] = "cp $D/etc/a $D/etc/b"
    before = built.fingerprint
    built.replace(1, stamp=(9, 9, 9, 9))
    assert built.fingerprint != before


def test_memory_forgets_a_root_file_system_that_was_made_anew(tmp_path: Path) -> None:
    rootfs = tmp_path / "rootfs"
    rootfs.mkdir()
    known = Known("abc", ("glibc", "libgreet"))
    memory = Memory(str(rootfs))
    assert memory.read() is None
    memory.write(known)
    assert Memory(str(rootfs)).read() == known
    os.utime(rootfs, ns=(1, 1))
    assert memory.read() is None
    memory.write(known)
    rootfs.rmdir()
    assert memory.read() is None
    memory.forget()
    memory.forget()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"fingerprint": "old form", "inode": 1}'])
def test_memory_that_is_damaged_or_of_an_older_version_is_none(tmp_path: Path, text: str) -> None:
    memory = Memory(str(tmp_path))
    memory.path.parent.mkdir(parents=True, exist_ok=True)
    memory.path.write_text(text)
    assert memory.read() is None


def test_pseudo_that_fails_is_an_error(tmp_path: Path) -> None:
    program = tmp_path / "pseudo"
    program.write_text("#!/bin/sh\necho 'path mismatch' >&2; exit 134")
    program.chmod(0o755)
    variables = {"PN": "app", "PATH": os.environ["PATH"], "FAKEROOTENV": "", "FAKEROOTCMD": str(program)}
    with pytest.raises(SdkError) as caught:
        sdk_packages._listing(variables, [str(tmp_path)])
    assert str(caught.value) == (
        "pseudo can't list what was built [pseudo-failed]\n"
        "  path mismatch\n"
        "  hint: build it anew: bitbake -c cleansstate app"
    )
