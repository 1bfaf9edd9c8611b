"""Packages that are damaged, or have what no package may have; and what an image gets of good ones."""

# ruff: noqa: E501  a table is read best with one case in one line

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from sdk_hooks.core.feeds import feed, install, pool, solve, store
from sdk_hooks.core.feeds.install import Allowed
from sdk_hooks.core.files.fileset import Entry, Group
from sdk_hooks.core.paths import cache_directory
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec.feeds import wanted
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Platform

from .debmaker import ar, deb, member, tar
from .helpers import fails


class Quiet:
    """Progress that nobody sees."""

    def step(self, text: str) -> None:
        pass


def groups(directory: Path, *names: str, allowed: Allowed | None = None) -> list[Group]:
    found = pool.read([feed.Feed(str(directory))], load().package_formats(), Platform("amd64"), pytest.fail)
    packages = solve.solve(found, map(wanted, names)).packages
    have = store.bring(found, packages, Quiet())  # type: ignore[arg-type]  # only steps are told
    return install.install(have, [], allowed or Allowed(), None, found.form)


def entries(made: list[Group]) -> dict[str, Entry]:
    return {path: entry for group in made for path, entry in group.entries.items()}


BAD = {
    "up": (member("./../etc/passwd", b"x"), "'./../etc/passwd' leads out of the image"),
    "absolute": (member("/etc/passwd", b"x"), "'/etc/passwd' leads out of the image"),
    "hardlink": (member("./a", kind=tarfile.LNKTYPE, linkname="../../etc/shadow"), "'../../etc/shadow' leads out of the image"),
    "absolute-hardlink": (member("./a", kind=tarfile.LNKTYPE, linkname="/etc/shadow"), "'/etc/shadow' leads out of the image"),
    "type": (member("./a", kind=b"Z"), "'./a' is of a type that tar does not know"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_what_leads_out_of_the_image_is_refused(tmp_path: Path, kind: str) -> None:
    bad, why = BAD[kind]
    path = deb(tmp_path, "bad", member("./good", b"x"), bad)

    with fails(f"the package '{path}' is damaged [bad-package]\n  {why}\n  hint: build or fetch it again"):
        groups(tmp_path, "bad")
    assert list((cache_directory() / "packages").glob(".new-*")) == []


def test_a_link_out_of_a_directory_is_not_followed(tmp_path: Path) -> None:
    """A link of the package, then a file below it: on this machine nothing is ever written by a package's names."""
    deb(tmp_path, "bad", member("./etc", kind=tarfile.SYMTYPE, linkname="/tmp"), member("./etc/owned", b"x"))

    assert "tmp/owned" in entries(groups(tmp_path, "bad"))
    assert not Path("/tmp/owned").exists()


@pytest.mark.parametrize(("content", "why"), [
    (b"this is no package", "it is no ar archive"),
    (ar({"debian-binary": b"2.0\n"}), "it has no control.tar"),
    (ar({"control.tar.gz": tar([member("./control", b"x" * (17 << 20))])}), "it has more than 16777216 bytes"),
    (ar({"control.tar.gz": b"\x1f\x8b no gzip"}), "Unknown compression method"),
    (ar({"control.tar.gz": tar([member("./control", b"Package: a\n")]), "data.tar.gz": b""})[:-30], "its ar header is damaged"),
])  # fmt: skip
def test_what_is_no_package_is_said(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "bad.deb").write_bytes(content)

    with fails(
        f"the package '{tmp_path}/bad.deb' is damaged [bad-package]\n  {why}\n  hint: build or fetch it again"
    ):
        groups(tmp_path, "bad")


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The packages of a cache of this test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return cache_directory() / "packages"


def test_what_was_unpacked_by_another_version_is_unpacked_again(tmp_path: Path, own_cache: Path) -> None:
    deb(tmp_path, "good", member("./first", b"content"))
    groups(tmp_path, "good")
    [place] = own_cache.iterdir()
    [facts] = place.glob("facts-*")
    facts.rename(place / "facts-0")

    assert "first" in entries(groups(tmp_path, "good"))
    assert [each.name for each in place.parent.iterdir()] == [place.name]
    assert facts.exists()


def test_what_no_build_has_used_for_long_goes(tmp_path: Path, own_cache: Path) -> None:
    deb(tmp_path, "old", member("./first", b"content"))
    groups(tmp_path, "old")
    [place] = own_cache.iterdir()
    os.utime(place, (0, 0))
    deb(tmp_path, "new", member("./second", b"content"))

    groups(tmp_path, "new")

    assert not place.exists()


def test_the_first_file_of_a_package_has_its_content(tmp_path: Path) -> None:
    """It may come before any directory, and what is remembered of the package must not take its place."""
    deb(tmp_path, "good", member("./first", b"content"), member("./second", b"x"))

    found = entries(groups(tmp_path, "good"))["first"]

    assert Path(found.source).read_bytes() == b"content"


@pytest.mark.parametrize("compression", ["gz", "zst"])
def test_a_control_archive_without_end_is_refused(tmp_path: Path, compression: str) -> None:
    control = tar([member("./control", b"Package: a\n"), member("./x", bytes(20 << 20))], "")
    pack = ["zstd", "-q"] if compression == "zst" else ["gzip", "-1"]
    packed = subprocess.run(pack, input=control, capture_output=True, check=True).stdout
    path = tmp_path / "bad.deb"
    path.write_bytes(
        ar({"debian-binary": b"2.0\n", f"control.tar.{compression}": packed, "data.tar": tar([], "")})
    )

    with fails(
        f"the package '{path}' is damaged [bad-package]\n  it has more than 16777216 bytes\n  hint: build or fetch it again"
    ):
        groups(tmp_path, "bad")


def test_a_file_that_is_longer_than_any_disk_is_refused_at_once(tmp_path: Path) -> None:
    huge = tarfile.TarInfo("./")  # which is passed over
    huge.size = 1 << 62
    control = tar([member("./control", b"Package: a\nVersion: 1\nArchitecture: all\n")])
    path = tmp_path / "bad.deb"
    path.write_bytes(
        ar({"debian-binary": b"2.0\n", "control.tar.gz": control, "data.tar": huge.tobuf(tarfile.GNU_FORMAT)})
    )
    with fails(
        f"the package '{path}' is damaged [bad-package]\n  it is cut off\n  hint: build or fetch it again"
    ):
        groups(tmp_path, "a")


def test_a_package_that_was_cut_off_leaves_nothing(tmp_path: Path) -> None:
    path = deb(tmp_path, "cut", member("./usr/lib/big", bytes(1 << 20)))
    whole = path.read_bytes()
    path.write_bytes(whole[:-600])

    with pytest.raises(SdkError, match=r"^the package '.*' is damaged \[bad-package\]"):
        groups(tmp_path, "cut")
    assert list((cache_directory() / "packages").glob(".new-*")) == []


def test_a_package_that_is_not_what_the_index_says_is_refused(tmp_path: Path) -> None:
    path = deb(tmp_path, "app", member("./usr/bin/app", b"one"))
    fields = f"Filename: {path.name}\nSize: {path.stat().st_size}\nSHA256: {'0' * 64}\n"
    (tmp_path / "Packages").write_text(f"Package: app\nVersion: 1.0\nArchitecture: all\n{fields}")

    with pytest.raises(SdkError, match=r"is not what the index says \[wrong-hash\]\n  it has sha256:"):
        groups(tmp_path, "app")


@pytest.mark.parametrize("path", ["../app.deb", "/etc/app.deb", "http://elsewhere.example/app.deb"])
def test_an_index_names_no_files_outside_of_its_feed(tmp_path: Path, path: str) -> None:
    text = f"Package: app\nVersion: 1.0\nArchitecture: all\nFilename: {path}\nSize: 1\nSHA256: {'1' * 64}\n"
    (tmp_path / "Packages").write_text(text)

    with fails(
        f"the feed '{tmp_path}' has 'app' outside of itself [bad-feed]\n  at '{path}'\n  hint: make its index again"
    ):
        groups(tmp_path, "app")


def test_packages_of_one_recipe_are_one_group(tmp_path: Path) -> None:
    deb(tmp_path, "libfoo1", member("./usr/lib/libfoo.so.1", b"x"), control="OE: foo\n", version="2")
    deb(
        tmp_path,
        "foo",
        member("./usr/bin/foo", b"x", mode=0o755),
        control="OE: foo\nDepends: libfoo1\n",
        version="2",
    )
    deb(tmp_path, "app", member("./usr/bin/app", b"x", mode=0o755), control="Depends: foo\n")

    made = groups(tmp_path, "app")
    assert [(group.name, group.comment) for group in made][:2] == [
        ("app", "app 1.0"),
        ("foo", "libfoo1 2, foo 2"),
    ]
    assert sorted(made[1].entries) == ["usr/bin/foo", "usr/lib/libfoo.so.1"]


def test_owners_are_those_that_the_names_have_in_the_image(tmp_path: Path) -> None:
    scripts = {"preinst": "#!/bin/sh\nset -e\nuseradd -r -u 881 svc\n"}
    deb(tmp_path, "svc", member("./var/lib/svc/state", b"x", uname="svc", uid=12), scripts=scripts)

    assert entries(groups(tmp_path, "svc"))["var/lib/svc/state"].uid == 881


def test_two_packages_with_one_file_are_refused_unless_one_replaces_the_other(tmp_path: Path) -> None:
    deb(tmp_path, "a", member("./usr/bin/x", b"a"))
    deb(tmp_path, "b", member("./usr/bin/x", b"b"))
    with fails(
        "the packages 'a' and 'b' both have '/usr/bin/x' [file-conflict]\n  hint: install only one of them"
    ):
        groups(tmp_path, "a", "b")

    deb(tmp_path, "c", member("./usr/bin/x", b"ccc"), control="Replaces: a\n")
    assert entries(groups(tmp_path, "a", "c"))["usr/bin/x"].size == 3


def test_a_script_that_can_not_be_followed_is_an_error_unless_it_is_left_out(tmp_path: Path) -> None:
    deb(tmp_path, "odd", scripts={"postinst": "#!/bin/sh\nfrobnicate\n"})
    with fails(
        "can't follow the postinst of the package 'odd' [script]\n  stopped at 'frobnicate'\n"
        "  hint: run it by the image's own programs: --run-scripts odd; if the container does without what it does: --skip-scripts odd"
    ):
        groups(tmp_path, "odd")

    assert groups(tmp_path, "odd", allowed=Allowed(without_scripts=("odd",)))


def test_all_scripts_that_can_not_be_followed_are_said_at_once(tmp_path: Path) -> None:
    """Of each package the first; the others are tried."""
    deb(tmp_path, "odd", scripts={"preinst": "#!/bin/sh\nfrobnicate\n", "postinst": "#!/bin/sh\nwobble\n"})
    deb(tmp_path, "fine", scripts={"postinst": "#!/bin/sh\ntrue\n"})
    deb(tmp_path, "queer", scripts={"postinst": "#!/bin/sh\nset -e\nfalse\n"})
    with fails(
        "can't follow scripts of 2 packages [script]\n"
        "  the preinst of the package 'odd' stopped at 'frobnicate'\n"
        "  the postinst of the package 'queer' stopped at it ends with status 1\n"
        "  hint: run them by the image's own programs: --run-scripts odd --run-scripts queer; "
        "if the container does without what they do: --skip-scripts odd --skip-scripts queer"
    ):
        groups(tmp_path, "odd", "fine", "queer")


def test_scripts_that_are_run_are_those_of_packages_that_are_there(tmp_path: Path) -> None:
    deb(tmp_path, "odd", scripts={"postinst": "#!/bin/sh\nfrobnicate\n"})
    with fails(
        "scripts of the package 'add' are to be run, which is not installed [script]\n"
        "  hint: add it: --install add; or leave out --run-scripts add"
    ):
        groups(tmp_path, "odd", allowed=Allowed(run_scripts=("add",)))
    with fails(
        "scripts of the package 'odd' are to be both run and left out [script]\n"
        "  hint: give one of --run-scripts odd and --skip-scripts odd"
    ):
        groups(tmp_path, "odd", allowed=Allowed(without_scripts=("odd",), run_scripts=("odd",)))
    with fails(
        "can't run a script of the package 'odd' [script]\n"
        "  it is a program for '/bin/sh', which is not in the image\n"
        "  hint: if the container does without what it does: --skip-scripts odd"
    ):
        groups(tmp_path, "odd", allowed=Allowed(run_scripts=("odd",)))


def test_a_distribution_with_a_merged_usr_gets_its_links(tmp_path: Path) -> None:
    deb(tmp_path, "libc6", member("./usr/lib64/ld-linux-x86-64.so.2", b"x"), member("./usr/bin/x", b"x"))

    found = entries(groups(tmp_path, "libc6"))
    assert {path: found[path].link for path in ("lib64", "bin")} == {"lib64": "usr/lib64", "bin": "usr/bin"}


def test_a_package_may_begin_with_a_file(tmp_path: Path) -> None:
    deb(tmp_path, "first", *(member(f"./{number}", f"content {number}".encode()) for number in range(4)))

    found = entries(groups(tmp_path, "first"))
    assert {path: Path(found[path].source).read_text() for path in "0123"} == {
        path: f"content {path}" for path in "0123"
    }
