"""The commands without devtool: how they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from devtool_plugins import __main__

COMMAND = (sys.executable, "-m", "devtool_plugins")


def run(*args: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run((*COMMAND, *args), stderr=subprocess.PIPE, text=True, check=False, **options)  # type: ignore[call-overload,no-any-return]


def test_a_full_disk_under_the_answer_is_said() -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = run("schema", stdout=full)
    said = "error: no space left on device [enospc]\n  hint: make room on that file system\n"
    assert (done.returncode, done.stderr) == (1, said)


def test_a_reader_that_leaves_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = run("schema", stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_command_that_is_misspelt_is_found() -> None:
    done = run("container-dploy")
    assert done.returncode == 2
    assert done.stderr.endswith("there is no 'container-dploy'; did you mean 'container-deploy'?\n")


def test_names_need_not_be_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"h\xff")
    done = run("container-build", "web", "--from", f"{tmp_path}/{name}", env={**os.environ, "LC_ALL": "C"})
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--tag", "a b", "--tag: 'a b' is not a tag"),
        ("--entrypoint", "'", "--entrypoint: no closing quotation"),
        ("--workdir", "x", "--workdir: 'x' is not an absolute path"),
        ("--port", "0:x", "--port: '0:x' is not a port such as 8080:80"),
        ("--env", "A", "--env 'A' has no '='"),
        ("--env", "A B=1", "--env 'A B=1': 'A B' can't be a name"),
        ("--label", "=1", "--label '=1': '' can't be a name"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(option: str, value: str, said: str) -> None:
    done = run("container-build", "web", "--from", "/nowhere", option, value)
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, f"error: {said} [usage]")


@pytest.mark.parametrize(
    ("number", "status", "word"), [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")]
)
def test_a_signal_ends_it_in_order(tmp_path: Path, number: signal.Signals, status: int, word: str) -> None:
    """An ssh that never answers stands for any long work."""
    ssh = tmp_path / "ssh"
    script = f"case $* in *' -O exit '*) exit ;; esac; touch {tmp_path}/called; exec sleep 60"
    ssh.write_text(f"#!/bin/sh\n{script}\n")
    ssh.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    process = subprocess.Popen(
        (*COMMAND, "container-status", "board"), stderr=subprocess.PIPE, text=True, env=environment
    )
    while not (tmp_path / "called").exists():
        assert process.poll() is None
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said.splitlines()[-1]) == (status, f"error: {word}")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("container-test NAME --junit F TARGET", {"image": "NAME", "target": "TARGET", "junit": "F"}),
        ("container-test --junit F NAME TARGET", {"image": "NAME", "target": "TARGET", "junit": "F"}),
        ("container-test NAME --junit F", {"image": "NAME", "target": "", "junit": "F"}),
        ("container-status TARGET --logs NAME", {"target": "TARGET", "name": "NAME", "logs": True}),
        ("container-status --logs TARGET --lines 3 NAME", {"target": "TARGET", "name": "NAME", "lines": 3}),
        ("container-deploy NAME ONE --stack none TWO ONE", {"image": "NAME", "target": ["ONE", "TWO"]}),
    ],
)
def test_options_may_stand_anywhere(words: str, found: dict[str, object]) -> None:
    args = vars(__main__._parser().parse_args(words.split()))

    assert {key: args[key] for key in found} == found


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("container-test --junit F", "container-test: error: the following arguments are required: NAME\n"),
        ("container-status TARGET --logs NAME MORE", "error: unrecognized arguments: MORE\n"),
    ],
)
def test_too_few_and_too_many_are_refused(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        __main__._parser().parse_args(words.split())

    assert capsys.readouterr().err.endswith(said)
