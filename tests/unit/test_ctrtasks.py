"""What containerd's ctr is told about a task whose shim starts a machine."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace
from pathlib import Path, PurePosixPath

from sdk_plugins.runtimes.kata import Kata
from sdk_plugins.stacks import ctrtasks
from sdk_plugins.stacks.containerd import Containerd

from sdk_hooks import Container, Joined, Network, Restart, Settings
from sdk_hooks.testing import TARGET, container

NETWORK = Joined(Network("n"), plugins=({"type": "bridge"},), address="10.9.0.2/24")
KATA = container(runtime=Kata(), networks=(NETWORK,), settings=Settings(network="none"))


def test_a_command_of_kata_has_a_stdin_whose_end_nobody_tells() -> None:
    own = Containerd().exec(KATA, ("/bin/check",))
    runc = Containerd().exec(container(), ("/bin/check",))

    text = 'exec ctr tasks exec --exec-id "check-$$" "$@"'
    assert own == ("sh", "-c", f"{text} </", "sh", "web", "/bin/check")
    assert runc == ("sh", "-c", text, "sh", "web", "/bin/check")


def test_kata_starts_again_in_a_new_network() -> None:
    files = Containerd().files(KATA, TARGET)

    assert "sh ./network up || exit\n" in files["launch"]
    assert "run --detach" not in files["run"].replace("' '", " ")
    assert "restart.status" not in files["run"] + files["launch"]
    assert files["clear"].endswith("sh ./network down\n")
    assert "{ sh ./clear; sh ./launch; }" in files["again"]


def test_all_others_are_left_to_the_monitor_of_containerd() -> None:
    once = replace(KATA, settings=replace(KATA.settings, restart=Restart("no")))
    for box in (once, replace(KATA, networks=()), replace(KATA, runtime=None)):
        files = Containerd().files(box, TARGET)
        assert "again" not in files
        monitored = "containerd.io/restart.status=running" in files["run"]
        assert monitored == (box.settings.restart.policy != "no")


def watcher(directory: Path) -> Container:
    """A container whose file `again` only sleeps, running."""
    (directory / "again").write_text("sleep 60\n")
    box = replace(KATA, directory=PurePosixPath(directory))
    subprocess.run(("sh", "-c", ctrtasks.watched(box)), check=True)
    return box


def alive(group: str) -> str:
    """The processes of a group that have not ended, whether or not anybody has asked how."""
    words = ("pgrep", "-l", "-g", group, "-r", "R,S,D")
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


def test_what_starts_it_again_is_ended_with_all_that_it_has_begun(tmp_path: Path) -> None:
    box = watcher(tmp_path)
    group = (tmp_path / "again.pid").read_text().strip()
    while "sleep" not in alive(group):
        time.sleep(0.01)

    subprocess.run(("sh", "-c", ctrtasks.unwatched(box)), check=True)
    time.sleep(0.05)
    assert alive(group) == ""
    assert not (tmp_path / "again.pid").exists()
    subprocess.run(("sh", "-c", ctrtasks.unwatched(box)), check=True)  # once more does no harm


def test_what_it_has_begun_comes_to_its_end(tmp_path: Path) -> None:
    box = watcher(tmp_path)
    while "sleep" not in alive((tmp_path / "again.pid").read_text().strip()):
        time.sleep(0.01)
    (tmp_path / "again.busy").touch()
    with subprocess.Popen(("sh", "-c", ctrtasks.unwatched(box))) as ending:
        time.sleep(0.3)
        assert ending.poll() is None
        (tmp_path / "again.busy").unlink()
        assert ending.wait(5) == 0


def test_nobody_else_is_ended_who_has_its_number_now(tmp_path: Path) -> None:
    with subprocess.Popen(("sleep", "60")) as other:
        (tmp_path / "again.pid").write_text(f"{other.pid}\n")
        box = replace(KATA, directory=PurePosixPath(tmp_path))
        subprocess.run(("sh", "-c", ctrtasks.unwatched(box)), check=True)
        time.sleep(0.05)
        assert other.poll() is None
        other.kill()
