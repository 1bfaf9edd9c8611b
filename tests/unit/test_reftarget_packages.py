"""Fetching packages as an ordinary user, and what is said when they are not to be had."""

from __future__ import annotations

import re
import shutil
from io import StringIO
from pathlib import Path

import pytest

from sdk_hooks import Platform
from sdk_hooks.core.reftarget import kernel, made, packages
from sdk_hooks.core.reftarget.packages import Apt
from sdk_hooks.core.ui import Ui

from .helpers import as_nobody, fails, write

needs_apt = pytest.mark.skipif(shutil.which("apt-get") is None, reason="apt is not installed")
NO_APT = (
    "the reference target can't be made on this machine [no-apt]\n"
    "  it is made of packages of Debian or Ubuntu, and there is no apt with their sources\n"
    "  hint: boot an image of your SDK: build one in it, and give this command there"
)


@needs_apt
def test_only_the_sources_of_the_distribution_are_used(tmp_path: Path) -> None:
    write(tmp_path, {"sources.list": "deb x y z\n", "sources.list.d/other.sources": "URIs: x\n"})
    write(tmp_path, {"sources.list.d/debian.sources": "URIs: y\n"})

    assert packages.sources(tmp_path) == {
        "sources.list.d/debian.sources": "URIs: y\n",
        "sources.list": "deb x y z\n",
    }


@needs_apt
def test_a_machine_without_sources_is_told_what_to_do(tmp_path: Path) -> None:
    write(tmp_path, {"sources.list": "# See /etc/apt/sources.list.d/\n"})
    with fails(NO_APT):
        packages.sources(tmp_path)


def test_a_machine_without_apt_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with fails(NO_APT):
        packages.sources()


def test_an_architecture_without_reference_target_is_told_what_there_is() -> None:
    with fails(
        "there is no reference target for linux/riscv64 [no-reference-target]\n"
        "  there is one for: amd64, arm64\n"
        "  hint: boot an image of your SDK: build one in it, and give this command there"
    ):
        made.reference_target(Platform("riscv64"), Ui(StringIO()), "crun")


@pytest.fixture
def apt(tmp_path: Path) -> Apt:
    """An apt whose only repository is a directory of this machine, which lacks."""
    given = {"sources.list": f"deb [trusted=yes] file:{tmp_path}/repository stable main\n"}
    return Apt(tmp_path / "apt", "amd64", given)


@needs_apt
def test_packages_that_are_not_to_be_had_are_told_in_the_words_of_apt(apt: Apt, tmp_path: Path) -> None:
    with pytest.raises(packages.SdkError) as caught:
        apt.update()

    what, who, *said, hint = str(caught.value).splitlines()
    assert what == "the packages of the reference target can't be fetched [no-packages]"
    assert who == "  apt-get said:"
    assert f"  E: Failed to fetch file:{tmp_path}/repository" in said[0]
    assert hint == "  hint: is this machine on the network? try: apt-get update"


@needs_apt
def test_a_distribution_without_kernel_for_virtual_machines_is_told(apt: Apt) -> None:
    with fails(
        "the package sources of this machine have no kernel for virtual machines of amd64 [no-kernel]\n"
        "  looked for: linux-image-cloud-amd64, linux-image-virtual"
    ):
        kernel.packages(apt)


@needs_apt
def test_what_apt_depends_on_is_this_directory_alone(apt: Apt, tmp_path: Path) -> None:
    text = (tmp_path / "apt" / "apt.conf").read_text()

    assert "@" not in text
    assert text.count(str(tmp_path)) == 9
    assert apt.depends("bash") == [], "what this machine knows or has does not count"


def test_a_package_that_is_none_is_told_in_the_words_of_dpkg(tmp_path: Path) -> None:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not installed")
    bad = tmp_path / "bad.deb"
    bad.write_bytes(b"no package")
    with pytest.raises(packages.SdkError, match=r"\[no-packages\]\n  dpkg-deb said:\n  dpkg-deb: error: "):
        packages.unpack([bad], tmp_path / "root")

    assert not (tmp_path / "root").exists()


def test_a_kernel_package_without_kernel_is_an_error(tmp_path: Path) -> None:
    with fails("the kernel's packages have no 'boot/vmlinu[xz]-*' [no-kernel]"):
        kernel.image(tmp_path)


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    argv = ("dd", "if=/dev/zero", "of=/dev/full", "count=1")
    with fails(f"no space left to write '{tmp_path}' [no-space]\n  hint: free some: df -h {tmp_path}"):
        packages.run(argv, tmp_path)


def test_an_unwritable_cache_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").mkdir(mode=0o500)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with as_nobody(), pytest.raises(packages.SdkError) as caught:
        made.reference_target(Platform("amd64"), Ui(StringIO()), "crun")

    assert re.fullmatch(
        f"can't write '{tmp_path}/cache/.*' \\[unwritable\\]\n  (.*: )?Permission denied",
        str(caught.value),
    )


def test_packages_of_before_and_after_the_merge_of_usr_lie_together(tmp_path: Path) -> None:
    write(tmp_path, {"lib/t/old.so.1": "old", "lib/t/old.so": "-> old.so.1", "usr/lib/t/new.so": "new"})
    packages.merge(tmp_path)

    assert (tmp_path / "lib").readlink() == Path("usr/lib")
    assert sorted(path.name for path in (tmp_path / "usr/lib/t").iterdir()) == [
        "new.so",
        "old.so",
        "old.so.1",
    ]
    assert (tmp_path / "lib/t/old.so").read_text() == "old"
