"""switch.sh: what a target does by itself, with deployments that are files and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sdk_hooks.core.deploy import changeover
from sdk_hooks.core.deploy.connection import Local, Result
from sdk_hooks.core.deploy.resource import script
from sdk_hooks.core.ui import Ui

from .helpers import fails

FILES = {
    "stop": "echo stop $0 >>../trace",
    "state": "echo running 1",
    "limits": "tries=0 settle=0",
    **dict.fromkeys(("start", "logs", "forget", "enable", "tidy"), ":"),
}


def app(top: Path, current: str, **deployments: dict[str, str]) -> Path:
    """The directory of an application, with the files of each deployment that differ from FILES."""
    for name, files in deployments.items():
        (top / name).mkdir()
        for file, text in {**FILES, **files}.items():
            (top / name / file).write_text(text.replace("../trace", f"{top}/trace"))
    if current:
        (top / "current").write_text(f"{current}\n")
    (top / "switch").write_text("".join(map(script, ("turn.sh", "late.sh", "switch.sh"))))
    return top


def switched(top: Path) -> tuple[int, str, list[str]]:
    """Go to `new`: exit status, what is said, and what was stopped."""
    done = subprocess.run(
        ("sh", "switch", str(top), "new"), cwd=top, capture_output=True, text=True, timeout=30, check=False
    )
    trace = top / "trace"
    return done.returncode, done.stdout, trace.read_text().split("\n")[:-1] if trace.exists() else []


def told(status: int, output: str) -> None:
    changeover.check(Result(status, output, ""), Local(), "web", Ui())


def test_what_can_not_be_put_back_is_not_said_to_run(tmp_path: Path) -> None:
    status, said, _ = switched(app(tmp_path, "old", old={"start": "exit 1"}, new={"start": "exit 1"}))

    assert (status, said) == (6, "could not be put back: old\n")
    with fails(
        "'web' did not come up on 'local' [not-up]\n"
        "  could not be put back: old\n  what ran before does not run either"
    ):
        told(status, said)


def test_what_can_not_start_is_not_gone_back_to(tmp_path: Path) -> None:
    status, said, stopped = switched(app(tmp_path, "old", old={}, new={"ready": "exit 1"}))

    assert (status, said, stopped) == (7, "", [])
    with fails(
        "the image of that deployment of 'web' is gone from 'local' [image-gone]\n"
        "  what runs there goes on\n  hint: deploy it again"
    ):
        told(status, said)


@pytest.mark.parametrize(("current", "stopped"), [("old", ["old"]), ("", ["new", "old", "other"])])
def test_where_nobody_knows_what_runs_all_of_them_are_stopped(
    tmp_path: Path, current: str, stopped: list[str]
) -> None:
    status, _, trace = switched(app(tmp_path, current, old={}, new={}, other={}))

    assert (status, [line.split()[1].split("/")[0] for line in trace]) == (0, stopped)
    assert (tmp_path / "current").read_text() == "new\n"


@pytest.mark.parametrize(
    ("old", "new", "other", "said"),
    [
        ("data cache", "cache", "", "{note}engine volume rm data\n"),
        ("data cache", "", "cache", "{note}engine volume rm data\n"),
        ("data", "data", "", ""),
        ("data", "", "logs data", ""),
        (
            *("kept", "", ""),
            "note: the volume kept is kept, which this version does not name: rm -rf {top}/volumes/kept\n",
        ),
    ],
)
def test_a_volume_that_nothing_names_any_more_is_told(
    tmp_path: Path, old: str, new: str, other: str, said: str
) -> None:
    """With the command that removes it, and only where no other application has one of that name."""
    own, theirs = tmp_path / "apps/web", tmp_path / "apps/other/1"
    for directory in (own, theirs):
        directory.mkdir(parents=True)
    (theirs / "volumes").write_text(f"{other}\n")
    commands = "engine volume rm data\nengine volume rm cache\n"
    before = {"volumes": f"{old}\n", "forget-volumes": commands}
    app(own, "old", old=before, new={"volumes": f"{new}\n", "limits": "tries=9 settle=0"})

    note = "note: the volume data is kept, which this version does not name: "
    assert switched(own)[:2] == (0, said.format(note=note, top=tmp_path))
