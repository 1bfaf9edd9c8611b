"""Scripts that a cut link brings to a target after somebody has asked for something else."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from sdk_hooks.core.deploy import changeover, moment, undeploy
from sdk_hooks.core.deploy.connection import Local, Result
from sdk_hooks.core.deploy.moment import Moment
from sdk_hooks.core.deploy.resource import script
from sdk_hooks.core.shell import whole
from sdk_hooks.core.ui import Ui

from .helpers import fails
from .test_switch import FILES, app

BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def uptime() -> int:
    return int(float(Path("/proc/uptime").read_text().split()[0]))


@pytest.fixture(autouse=True)
def runtime(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))


def here(text: str) -> str:
    """*text* with root's directory for what goes with the boot as that of other users."""
    return text.replace("removals=/run\n", "removals=$XDG_RUNTIME_DIR\n")


def run(top: Path, *argv: str, path: str = "", **environment: str) -> int:
    """Exit status of a script of the package for the application in *top*, after those that it needs."""
    text = here("".join(map(script, ("turn.sh", "late.sh", argv[0]))))
    words = ("sh", "-c", text, argv[0], str(top), *argv[1:])
    env = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}", **environment}
    return subprocess.run(words, env=env, timeout=30, check=False).returncode


def removed(state: Path, sent: object = "") -> int:
    """Exit status of the removal of `web`."""
    text = undeploy.text("web", volumes=False, sent=str(sent))
    text = text.replace("STATE=/var/lib/devtool-containers", f"STATE={state}")
    text = text.replace("STATE=${XDG_DATA_HOME:-$HOME/.local/share}/devtool-containers", f"STATE={state}")
    return subprocess.run(("sh",), input=whole(here(text)), text=True, timeout=30, check=False).returncode


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """An application of which `old` runs, with the files of `new` beside it."""
    top = tmp_path / "apps/web"
    top.mkdir(parents=True)
    app(top, "old", old={"state": "", "disable": ""})
    return fresh(top)


def fresh(top: Path) -> Path:
    """Files of a deployment that wait for their turn."""
    (top / ".new-1").mkdir(parents=True)
    traced = {
        "forget": f"echo forget >>{top.parents[1]}/trace",
        "tidy": f"echo tidy $* >>{top.parents[1]}/trace",
    }
    for file, text in {**FILES, **traced}.items():
        (top / ".new-1" / file).write_text(text)
    return top


def note(directory: Path, ago: int, boot: str = BOOT) -> None:
    (directory / ".sent").write_text(f"{uptime() - ago} {boot}\n")


@pytest.mark.parametrize(
    ("noted", "sent", "seen", "status"),
    [
        (10, 12, "", 8),
        (10, 11, "", 0),  # as good as at once
        (10, 9, "1", 0),
        (10, None, "", 0),  # by hand
    ],
)
def test_what_was_overtaken_changes_nothing(
    web: Path, noted: int, sent: int | None, seen: str, status: int
) -> None:
    note(web, noted)
    before = (web / ".sent").read_text()
    asked = "" if sent is None else str(int(before.split()[0]) + noted - sent)

    assert run(web, "switch.sh", "new", ".new-1", sent=asked, seen=seen) == status
    current, after = (web / "current").read_text(), (web / ".sent").read_text()
    assert (current, after == before) == (("old\n", True) if status else ("new\n", sent == 11))
    assert not list(web.glob(".new-*")) and not list(web.glob(".turn-*"))


@pytest.mark.parametrize("noted", ["9 another-boot\n", "", "99999999", "nonsense\n"])
def test_what_nobody_can_know_holds_nobody_up(web: Path, noted: str) -> None:
    """Another boot, or a power cut while it was written."""
    (web / ".sent").write_text(noted)

    assert run(web, "switch.sh", "new", ".new-1", sent="5") == 0


def test_who_asked_before_a_reboot_does_not_lock_the_others_out(web: Path) -> None:
    assert run(web, "switch.sh", "new", ".new-1", sent=str(uptime() + 90_000)) == 0
    assert run(fresh(web), "switch.sh", "old", ".new-1", sent=str(uptime())) == 0


def test_a_late_one_leaves_what_others_have(web: Path, tmp_path: Path) -> None:
    """The image that its sender has sent goes, and what a living one sends under the same name does not."""
    note(web, 0)
    assert run(web, "switch.sh", "new", ".new-1", sent=str(uptime() - 5)) == 8

    assert (tmp_path / "trace").read_text() == "forget\ntidy web .new-1 failed\n"
    assert sorted(path.name for path in web.iterdir()) == [".sent", "current", "old", "switch"]


@pytest.mark.parametrize("seen", ["1", ""])
def test_what_was_sent_before_a_removal_brings_nothing_back(web: Path, tmp_path: Path, seen: str) -> None:
    """Whether its sender knew of a deployment, or it was to be the first one."""
    asked = uptime() - 5
    shutil.rmtree(web / ".new-1")
    assert removed(tmp_path, uptime()) == 0
    assert not web.exists()

    assert run(fresh(web), "switch.sh", "new", ".new-1", sent=str(asked), seen=seen) == 8
    assert list(web.iterdir()) == []
    assert run(fresh(web), "switch.sh", "new", ".new-1", sent=str(uptime())) == 0


def test_a_removal_of_what_is_not_there_yet_keeps_it_away(tmp_path: Path) -> None:
    asked = uptime() - 5
    assert removed(tmp_path) == 6

    assert run(fresh(tmp_path / "apps/web"), "switch.sh", "new", ".new-1", sent=str(asked)) == 8


def test_a_late_removal_removes_nothing(web: Path, tmp_path: Path) -> None:
    note(web, 0)

    assert removed(tmp_path, uptime() - 5) == 8
    assert (web / "old").exists()
    assert removed(tmp_path, uptime()) == 0


def test_a_rollback_that_waits_for_a_removal_leaves_nothing(web: Path) -> None:
    shutil.rmtree(web / ".new-1")
    shutil.rmtree(web / "old")
    for file in ("current", "switch"):
        (web / file).unlink()
    note(web, 0)

    assert run(web, "switch.sh", "old", sent=str(uptime()), seen="1") == 8
    assert list(web.iterdir()) == []


@pytest.mark.parametrize(("current", "status"), [("new", 0), ("old", 8), ("", 8)])
def test_what_runs_already_is_noted_while_it_does(tmp_path: Path, current: str, status: int) -> None:
    app(tmp_path, current, old={}, new={})

    assert run(tmp_path, "keep.sh", "new", sent="5") == status
    assert (tmp_path / ".sent").exists() == (status == 0)


def test_what_runs_already_does_so_on_a_full_disk(tmp_path: Path) -> None:
    app(tmp_path, "new", new={})
    (tmp_path / ".sent").mkdir()  # not even root can write it
    assert run(tmp_path, "keep.sh", "new", sent="5") == 0


@pytest.mark.parametrize(("there", "kept", "switched"), [(True, 0, 9), (False, 8, 9)])
def test_where_no_turn_can_be_had(tmp_path: Path, there: bool, kept: int, switched: int) -> None:
    """The file system is read-only; or a removal was first."""
    app(tmp_path, "new" if there else "", new={})
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "mkdir").write_text("#!/bin/sh\nexit 1\n")
    (tools / "mkdir").chmod(0o755)

    assert run(tmp_path, "keep.sh", "new", path=str(tools)) == kept
    assert run(tmp_path, "switch.sh", "new", path=str(tools)) == switched


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (
            8,
            "'web' was changed on 'local' while this was on its way [overtaken]\n"
            "  nothing was done here\n"
            "  hint: look what runs there, then try again: container-status local web",
        ),
        (
            9,
            "'local' can't write what it keeps of 'web' [unwritable]\n  can't write to /apps/web\n"
            "  hint: what ran there goes on; is its disk full, or read-only? look: df, mount",
        ),
    ],
)
def test_who_was_refused_is_told(status: int, text: str) -> None:
    with fails(text):
        changeover.check(
            Result(status, "can't write to /apps/web" if status == 9 else "", ""), Local(), "web", Ui()
        )


def test_a_moment_goes_on_by_our_clock() -> None:
    assert Moment(100.9, time.monotonic() - 5.2).now() == "106"
    assert (moment.read("12.5 3.1\n") or Moment(0)).uptime == 12.5
    assert moment.read("") is moment.read("no") is None
    assert moment.sent(None) == ""
