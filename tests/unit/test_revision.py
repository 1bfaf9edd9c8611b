"""What git knows of a directory."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sdk_hooks.core.bom import revision

from .helpers import root_only, write

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(directory: Path, *arguments: str) -> str:
    who = ("-c", "user.name=x", "-c", "user.email=x@x.example", "-c", "commit.gpgsign=false")
    argv = ("git", *who, "-C", str(directory), *arguments)
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def commit(directory: Path) -> str:
    git(directory, "add", "-A")
    git(directory, "commit", "-qm", "x")
    return git(directory, "rev-parse", "HEAD")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with a file, and a subdirectory with another one."""
    made = write(tmp_path / "clone", {"a": "a", "sub/b": "b"})
    git(made, "init", "-q")
    commit(made)
    return made


def test_a_clone_elsewhere_is_the_same(clone: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(clone), "other-name")

    found = revision.of(clone)

    assert found is not None
    assert found == revision.of(tmp_path / "other-name")
    assert (found.commit, found.dirty) == (git(clone, "rev-parse", "HEAD"), False)


def test_a_lock_that_is_committed_changes_no_tree(clone: Path) -> None:
    before = revision.of(clone)
    write(clone, {"container.lock": "x", "sub/container.lock": "y", "Cargo.lock": "z"})
    commit(clone)
    with_locks = revision.of(clone)
    (clone / "Cargo.lock").unlink()
    commit(clone)
    after = revision.of(clone)

    assert before and after and with_locks
    assert before.tree == after.tree != with_locks.tree
    assert before.commit != after.commit


def test_what_was_changed_is_dirty_and_what_git_has_not_and_locks_are_not(clone: Path) -> None:
    write(clone, {"container.lock": "x", "web.lock": "x"})
    commit(clone)
    write(clone, {"untracked.o": "x", "container.lock": "changed"})
    assert not _dirty(clone)
    git(clone, "checkout", "-q", "container.lock")
    write(clone, {"web.lock": "changed"})
    assert _dirty(clone)
    assert not _dirty(clone, lock="web.lock")
    write(clone, {"a": "changed"})
    assert _dirty(clone)
    assert not _dirty(clone / "sub")
    git(clone, "add", "a")
    assert _dirty(clone)


def _dirty(directory: Path, lock: str = "container.lock") -> bool:
    found = revision.of(directory, lock=lock)
    assert found is not None
    return found.dirty


def test_a_time_stamp_alone_is_no_change_and_nothing_is_written(clone: Path) -> None:
    index = clone / ".git/index"
    before = index.read_bytes()
    os.utime(clone / "a", (1, 1))

    assert not _dirty(clone)
    assert index.read_bytes() == before


def test_a_part_of_a_repository_has_a_tree_of_its_own(clone: Path) -> None:
    before = revision.of(clone / "sub", "meta-sub")
    write(clone, {"a": "changed"})
    commit(clone)
    after = revision.of(clone / "sub", "meta-sub")

    assert before and after
    assert (before.tree, before.name) == (after.tree, "meta-sub")


def test_no_git_no_commit_and_nothing_of_it_in_git(tmp_path: Path, clone: Path) -> None:
    assert revision.of(tmp_path) is None
    git(write(tmp_path / "new", {"a": "a"}), "init", "-q")
    assert revision.of(tmp_path / "new") is None
    write(clone, {"workspace/x": "not in git"})
    assert revision.of(clone / "workspace") is None


def test_without_git_nothing_is_known(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert revision.of(clone) is None


@root_only
def test_a_directory_of_somebody_else_is_read(clone: Path) -> None:
    for folder, _, names in os.walk(clone):
        for name in (".", *names):
            os.chown(os.path.join(folder, name), 4711, 4711)

    assert revision.of(clone) is not None
