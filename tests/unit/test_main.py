"""The commands without devtool: how they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from devtool_plugins import cli

from .commands import command
from .helpers import write

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


def test_only_the_command_that_is_called_is_loaded_and_all_when_there_is_none() -> None:
    def loaded(*words: str) -> list[str]:
        return [module.NAME for module in cli._modules(words)]

    everything = loaded("--help")
    assert {"container-build", "k8s-deploy", "list", "schema"} < set(everything)
    assert loaded("-q", "k8s-deploy", "web") == ["k8s-deploy"]
    assert loaded("schema", "--lock") == ["schema"]
    for word in ("list", "plugin-list", "k8s_deploy", "container-dploy", "--version"):
        assert loaded(word) == everything


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
    status, told = command(Path.cwd(), "container-build", "web", "--from", "/nowhere", option, value)
    assert (status, told.splitlines()[0]) == (2, f"error: {said} [usage]")


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
    args = vars(cli._parser(words.split()).parse_args(words.split()))

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
        cli._parser(words.split()).parse_args(words.split())

    assert capsys.readouterr().err.endswith(said)


AT = """
import os, runpy, signal, sys
class Finder:
    def find_spec(self, name, *_):
        if name == MODULE:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
sys.argv = ["", "list"]
"""
ENTRIES = {
    "module": "runpy.run_module('devtool_plugins', run_name='__main__')",
    "script": "from devtool_plugins.__main__ import main; sys.exit(main())",
}


@pytest.mark.parametrize("module", ["devtool_plugins.cli", "argparse", "sdk_hooks.errors", "pluggy"])
@pytest.mark.parametrize("entry", ENTRIES)
def test_ctrl_c_while_it_is_loaded_is_no_traceback(module: str, entry: str) -> None:
    program = f"MODULE = {module!r}{AT}{ENTRIES[entry]}\n"
    done = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, check=False)
    assert done.returncode == 130, done.stderr
    assert done.stderr == "error: interrupted\n"


def test_ctrl_c_is_not_for_what_runs_in_the_background() -> None:
    program = f"MODULE = 'pluggy'{AT}signal.signal(signal.SIGINT, signal.SIG_IGN)\n{ENTRIES['script']}\n"
    done = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (
            ("-f", "other.yaml"),
            2,
            "error: 'other.yaml' is for 'site', not for 'web' [usage]\n"
            "  hint: name the right one with -f FILE\n",
        ),
        (
            ("--image", "A/b"),
            2,
            "error: --image: 'A/b' is not an image name: [HOST.DOMAIN[:PORT]/]name[/name], in lower case "
            "[usage]\n",
        ),
        (
            ("--from", "none"),
            1,
            "error: 'none' is not a directory [no-directory]\n  hint: give one that is there: --from DIR\n",
        ),
        (
            ("--sysroot", "none"),
            1,
            "error: 'none' is not a directory [no-directory]\n"
            "  hint: give one that is there: --sysroot DIR\n",
        ),
    ],
)
def test_what_is_refused_before_anything_is_built(
    tmp_path: Path, words: tuple[str, ...], status: int, said: str
) -> None:
    write(tmp_path, {"tree/bin/web": "#!/bin/sh\n", "other.yaml": "name: site\n"})

    build = ("container-build", "web", "--from", "tree", "-o", "out")
    assert command(tmp_path, *build, *words) == (status, said)
    assert not (tmp_path / "out").exists()
