"""What sdk-update refuses, what it remembers, and what an interrupted one leaves."""

# ruff: noqa: E501  messages are read best in one line

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devtool_plugins.__main__ import main
from sdk_hooks.core.update import preflight, remembered
from sdk_hooks.core.update.journal import Journal, State
from sdk_hooks.core.update.layers import Layers
from sdk_hooks.core.update.remembered import Remembered

from .helpers import fails, write


def test_layers_with_changes_are_refused() -> None:
    with fails(
        "'/sdk/layers' has changes that an update would lose [dirty-layers]\n  meta/x.bb\n"
        "  hint: keep them: git -C /sdk/layers stash; work on recipes in the workspace: devtool modify"
    ):
        preflight.layers([Layers("layers", Path("/sdk/layers"), "1", "main", ("meta/x.bb",))])


def test_too_little_room_is_refused(tmp_path: Path) -> None:
    preflight.space([(tmp_path / "not/yet/there", 1), (tmp_path, 0)])
    status = os.statvfs(tmp_path)
    free = status.f_bavail * status.f_frsize
    with pytest.raises(
        Exception,
        match=rf"^there is no room for the update at '{tmp_path}' \[no-space\]\n  it takes up to .* are free\n  hint: free some: df -h {tmp_path}$",
    ):
        preflight.space([(tmp_path, free // 2), (tmp_path / "sub", free)])


def test_only_one_updates_at_a_time(tmp_path: Path) -> None:
    with (
        State(tmp_path).locked(),
        fails(f"another update is going on [busy]\n  in '{tmp_path}'\n  hint: try again"),
        State(tmp_path).locked(),
    ):
        pass


def test_a_damaged_journal_is_said(tmp_path: Path) -> None:
    (tmp_path / "journal.json").write_text("{}")
    with fails(
        f"'{tmp_path}/journal.json' is damaged [bad-journal]\n  'pairs'\n"
        f"  hint: look at what is kept in '{tmp_path}', then remove it"
    ):
        State(tmp_path).read()


def test_a_journal_reads_back(tmp_path: Path) -> None:
    journal = Journal("building", 3, (), (("a", "b"),), True, ("c",))
    assert State(tmp_path).write(journal) == State(tmp_path).read() == journal


def test_nothing_to_go_back_to_is_said(tmp_path: Path) -> None:
    with fails(
        "there is no update to go back from [no-previous]\n"
        "  hint: only what the last sdk-update has changed can be taken back"
    ):
        State(tmp_path).go_back()


def test_a_file_on_another_file_system_goes_back_too(tmp_path: Path) -> None:
    """/dev/shm is one nearly everywhere; a lock file may be anywhere."""
    shm = Path("/dev/shm")
    if not os.access(shm, os.W_OK) or shm.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system at /dev/shm")
    kept = shm / f"kept-{os.getpid()}" / "0-container.lock"
    write(shm, {str(kept.relative_to(shm)): "old"})
    write(tmp_path, {"container.lock": "new"})
    state = State(tmp_path / "state")
    state.write(Journal("done", 1, kept=((str(tmp_path / "container.lock"), str(kept)),)))

    state.go_back()
    assert (tmp_path / "container.lock").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["container.lock", "state"]
    assert not kept.parent.exists()


def test_the_server_of_the_last_time() -> None:
    known = Remembered("http://a", "key", False)
    assert Remembered().over(known) == known
    assert Remembered("http://a", "", True).over(known) == Remembered("http://a", "key", True)
    assert Remembered("http://b").over(known) == Remembered("http://b")


def test_what_was_remembered_reads_back(tmp_path: Path) -> None:
    assert remembered.load(tmp_path) == Remembered()
    remembered.save(tmp_path, Remembered("http://a", "key", True))
    assert remembered.load(tmp_path) == Remembered("http://a", "key", True)


def test_options_that_exclude_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sdk-update", "--check", "--rollback", "-o", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        "error: --check, --dry-run and --rollback exclude each other [usage]\n  hint: give one of them\n"
    )
