"""`--lock` and `--locked`: the same image again, elsewhere and later, or what differs."""

# ruff: noqa: E501  messages are read best in one line

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from sdk_hooks.core.bom import builder
from sdk_hooks.errors import SdkError

from .helpers import fails, make
from .lockplace import Project, package, project, skeleton  # noqa: F401  a fixture


@pytest.fixture
def locked(project: Project) -> Project:  # noqa: F811
    """A project with a lock, on another machine where nothing was built yet."""
    project.build("--lock")
    project.forget()
    shutil.rmtree(project.top / "images")
    return project


def differs(lock: Path, *lines: str, hint: str = "") -> str:
    """The text of the error for what is not what *lock* says."""
    told = "".join(f"  {line}\n" for line in lines)
    hint = f"{hint}; " if hint else ""
    return (
        f"this is not what '{lock}' says [lock-differs]\n{told}"
        f"  hint: {hint}if that is meant, make the lock again: container-build web --lock"
    )


def test_a_lock_has_what_is_in_the_image_and_no_more(project: Project) -> None:  # noqa: F811
    told = project.build("--lock")
    text = project.lock.read_text()

    assert project.versions == ["app 1.0", "lib 1.0"]
    assert f"image: {project.digest}\n" in text
    assert f"'{project.lock}' has 2 packages\n" in told
    assert "    feed: feed\n    file: app_1.0_all.deb\n" in text
    assert str(project.top) not in text
    assert re.search(r"^skeleton:\n  - name: base-files$", text, re.M)


def test_it_is_the_same_wherever_it_is_made(locked: Project) -> None:
    first = locked.lock.read_bytes()
    locked.lock.unlink()
    locked.build("--lock")

    assert locked.lock.read_bytes() == first


def test_newer_packages_beside_are_not_taken(locked: Project) -> None:
    package(locked.feed, "lib", "2.0")
    skeleton(locked.feed, "2")
    before = locked.lock.read_bytes()
    told = locked.build("--locked")
    first = locked.digest

    assert f"building what '{locked.lock}' says: 2 packages\n" in told
    assert f"image: {first}\n" in locked.lock.read_text()
    assert locked.lock.read_bytes() == before


def test_a_plain_build_moves_on_and_says_so(locked: Project) -> None:
    package(locked.feed, "lib", "2.0")
    before = locked.lock.read_bytes()
    told = locked.build()

    said = f"1 of the packages are not those of '{locked.lock}': --locked builds with those, --lock writes it anew\n"
    assert said in told
    assert locked.lock.read_bytes() == before
    assert locked.digest not in locked.lock.read_text()


def test_a_lock_is_moved_on_package_by_package(locked: Project) -> None:
    package(locked.feed, "lib", "2.0")
    told = locked.build("--lock")

    assert told.endswith(f"'{locked.lock}' has 2 packages\n  lib 1.0 -> 2.0\n")
    assert locked.versions == ["app 1.0", "lib 2.0"]
    assert "packages are not" not in locked.build()


def test_a_lock_that_nobody_can_read_is_no_error_of_a_build_that_does_not_need_it(locked: Project) -> None:
    locked.lock.write_text("x: [\n")

    assert "[bad-lock]" in locked.build()
    assert "[bad-lock]" in locked.build("--lock")
    assert locked.versions == ["app 1.0", "lib 1.0"]


def test_without_a_lock_nothing_is_built(project: Project) -> None:  # noqa: F811
    with fails(f"there is no lock '{project.lock}' [no-lock]\n  hint: build with --lock to make it"):
        project.build("--locked")
    assert not (project.top / "images/web-latest-oci").exists()


def test_both_make_no_sense(project: Project, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    with pytest.raises(SystemExit):
        project.build("--lock", "--locked")
    assert "argument --locked: not allowed with argument --lock" in capsys.readouterr().err


def test_another_file_has_another_lock(project: Project) -> None:  # noqa: F811
    shutil.copy("container.yaml", "other.yaml")
    project.build("--lock", "-f", "other.yaml")
    project.build("--locked", "-f", "other.yaml")

    assert (project.top / "other.lock").exists()
    assert not project.lock.exists()


def test_a_file_that_is_gone_is_named_unless_it_is_in_the_cache(locked: Project) -> None:
    (locked.feed / "lib_1.0_all.deb").rename("kept")
    with fails(
        "the feed 'feed' no longer has 'lib' 1.0, which the lock wants [no-package]\n"
        "  looked for 'lib_1.0_all.deb'\n"
        "  hint: bring that file back, or make the lock again with --lock"
    ):
        locked.build("--locked")

    Path("kept").rename(locked.feed / "lib_1.0_all.deb")
    locked.build("--locked")
    shutil.rmtree(locked.feed)
    locked.build("--locked")


def test_a_file_that_was_built_again_is_refused(locked: Project) -> None:
    package(locked.feed, "lib", text="again")
    with pytest.raises(SdkError) as error:
        locked.build("--locked")

    said = re.sub(r"sha256:\w+", "X", str(error.value))
    assert said == (
        "the feed 'feed' has 'lib' 1.0 in another file than the lock [wrong-hash]\n"
        "  at 'lib_1.0_all.deb'; it has X, the lock says X\n"
        "  hint: it was built again: make the lock again with --lock"
    )


def test_what_is_asked_for_must_be_what_was_asked_for(locked: Project) -> None:
    package(locked.feed, "more")
    with fails(
        differs(
            locked.lock,
            "install: more is not in the lock",
            "install: app is only in the lock",
            "recommends: without -> with",
        )
    ):
        locked.build("--locked", "--install", "more", "--recommends")
    assert not (locked.top / "images/web-latest-oci").exists()


def test_a_lock_of_another_image(locked: Project) -> None:
    with fails(
        f"'{locked.lock}' is the lock of 'web', not of 'shop' [lock-differs]\n"
        "  hint: keep each image's container.yaml in a file of its own, and name it with -f FILE"
    ):
        locked.build("--locked", name="shop")


def test_a_feed_that_nothing_names_any_more(locked: Project) -> None:
    locked.feed.rename(locked.top / "elsewhere")
    with fails(
        "the lock has 'app' 1.0 out of a feed that nothing names any more [lock-differs]\n"
        "  it is 'feed'; there are: 'elsewhere'\n"
        "  hint: name it, or make the lock again with --lock"
    ):
        locked.build("--locked", "--install", "app", "--feed", "elsewhere")


def test_the_time_is_the_lock_s(locked: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "5")
    with fails(differs(locked.lock, "SOURCE_DATE_EPOCH: 1302044400 -> 5", hint="unset SOURCE_DATE_EPOCH")):
        locked.build("--locked")

    locked.build("--lock")
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    locked.build("--locked")
    assert "epoch: 5\n" in locked.lock.read_text()


def test_the_platform_is_the_lock_s(locked: Project) -> None:
    locked.build("--lock", "--platform", "linux/riscv64")
    first = locked.digest
    locked.forget()
    locked.build("--locked")
    assert locked.digest == first

    with fails(differs(locked.lock, "platform: linux/riscv64 -> linux/s390x")):
        locked.build("--locked", "--platform", "linux/s390x")


def test_the_base_is_the_lock_s(locked: Project) -> None:
    one, other = (make(locked.top / name, epoch=number).image.digest for number, name in enumerate("ab"))
    locked.build("--lock", "--base", "a")
    assert f"base: {one}\n" in locked.lock.read_text()
    (locked.top / "a").rename("moved")
    locked.build("--locked", "--base", "./moved")
    first = locked.digest

    with fails(differs(locked.lock, f"base: {one} -> {other}", hint="take the base of the lock")):
        locked.build("--locked", "--base", "b")
    with fails(differs(locked.lock, f"base: {one} -> none", hint="take the base of the lock")):
        locked.build("--locked")
    assert locked.digest == first


def test_an_image_that_differs_all_the_same_is_not_taken(locked: Project) -> None:
    locked.build("--locked")
    first = locked.digest
    with pytest.raises(SdkError) as error:
        locked.build("--locked", "--env", "A=1")

    other = str(error.value).split()[str(error.value).split().index("->") + 1]
    assert str(error.value) == differs(
        locked.lock,
        f"image: {first} -> {other}",
        "its layers are the same: settings differ, such as env: or labels:",
    )
    assert locked.digest == first


def test_files_of_a_tree_are_known_by_the_digest_only(locked: Project) -> None:
    tree = locked.top / "tree/opt"
    tree.mkdir(parents=True)
    (tree / "data").write_text("one")
    locked.build("--lock", "--from", "tree")
    told = locked.build("--locked", "--from", "tree")
    first = locked.digest
    assert "the files of application are not in the lock: only the digest tells about them\n" in told

    (tree / "data").write_text("two")
    with pytest.raises(SdkError) as error:
        locked.build("--locked", "--from", "tree")
    assert f"  image: {first} -> sha256:" in str(error.value)
    assert "  other files in the layer application\n" in str(error.value)
    assert locked.digest == first


def test_another_builder_is_told_and_the_digest_decides(locked: Project) -> None:
    now = builder.version()
    locked.change(f'builder: "{now}"', 'builder: "0.0.1"')
    line = f"the lock was made by devtool-containers 0.0.1, and this is {now}, which may give other bytes"

    assert f"{line}; this time they are the same\n" in locked.build("--locked")
    with pytest.raises(SdkError, match=f"\n  {re.escape(line)}\n"):
        locked.build("--locked", "--label", "a=b")


def test_a_lock_whose_hash_is_that_of_another_package(locked: Project) -> None:
    locked.change("name: lib\n", "name: libother\n")
    with fails(
        "the file 'lib_1.0_all.deb' is not that of 'libother' 1.0, as the lock says [bad-lock]\n"
        "  hint: make the lock again with --lock"
    ):
        locked.build("--locked")


def test_a_lock_of_a_format_that_nothing_reads(locked: Project) -> None:
    locked.change("format: deb", "format: pacman")
    with pytest.raises(SdkError, match=r"^the lock has packages of pacman \[bad-lock\]\n  known: deb, ipk"):
        locked.build("--locked")
