"""container-test on this machine, in a network of its own: started, tested, and gone."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .place import finish, wait
from .tester import COMMAND, EXAMPLE, Cli, Done

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.getuid() != 0, reason="only root can make a network of its own: sudo make test"),
    pytest.mark.skipif(shutil.which("runc") is None, reason="runc is not installed: make test installs it"),
]
OWN = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
RUNC = ("--stack", "none", "--runtime", "runc")


def words(cli: Cli, tests: str, image: str = "plain") -> tuple[str, ...]:
    file = cli.home / "tests-here.yaml"
    file.write_text(tests)
    return (str(COMMAND), "container-test", image, "-f", str(file), "-o", f"{cli.home}/v1", *RUNC)


@contextmanager
def started(cli: Cli, *argv: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        argv,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=cli.environment,
        cwd=cli.home,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            finish(process)


def trial(cli: Cli, tests: str, *options: str, image: str = "plain") -> Done:
    with started(cli, *OWN, *words(cli, tests, image), *options) as process:
        return finish(process)


def containers() -> list[str]:
    """Those of tests that runc knows, and their directories."""
    listed = subprocess.run(("runc", "list", "-q"), capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split() if "-test-" in name]


def test_the_example_has_tests_that_hold(cli: Cli) -> None:
    done = trial(cli, (EXAMPLE / "container.yaml").read_text(), image="hello-http")

    assert done.status == 0, done.stdout + done.stderr
    assert done.stdout.endswith("\n3 tests on local (none), 0 failed\n")
    assert containers() == []


def test_what_does_not_hold_is_shown_with_the_last_output(cli: Cli) -> None:
    done = trial(
        cli,
        "tests: [{log: starts}, {name: a, command: [sh, -c, exit 4], within: 0.3s},"
        " {http: {port: 8090, path: /x}, within: 0.3s}, {command: [sleep, 9], within: 1s}]",
    )

    lines = done.stdout.splitlines()
    assert done.status == 1, done.stderr
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == [
        *("passed", "FAILED", "FAILED", "FAILED"),
        *("last", "4"),
    ]
    assert "        expected: exit 0\n        seen:     exit 4\n" in done.stdout
    assert "        expected: status 200\n        seen:     status 404, body '<HTML>" in done.stdout
    assert "        expected: exit 0\n        seen:     no end within 1 s\n" in done.stdout
    assert done.stdout.endswith("last output:\n  tester v1 starts\n4 tests on local (none), 3 failed\n")
    assert containers() == []


def test_of_what_ends_the_output_is_tested_and_the_rest_fails_at_once(cli: Cli) -> None:
    begun = time.monotonic()
    done = trial(
        cli, "tests: [{log: no luck today}, {command: id}]", "--env", "MODE=crash", "--format", "json"
    )

    answer = json.loads(done.stdout)
    assert [test["passed"] for test in answer["tests"]] == [True, False]
    assert answer["tests"][1]["seen"] == "the container has ended with 3"
    assert answer["log"] == ["tester v1 starts", "no luck today"]
    assert time.monotonic() - begun < 8


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_takes_the_container_away(cli: Cli, number: signal.Signals, status: int) -> None:
    with started(cli, *OWN, *words(cli, "tests: [{log: never, within: 60s}]")) as process:
        [name] = wait(containers)
        os.kill(process.pid, number)
        done = finish(process)

    assert done.status == status, done.stderr
    assert containers() == []
    assert name.startswith("plain-test-")


IN_USE = (
    "error: port 8090 of this machine is in use by {} [port-in-use]\n"
    "  hint: wait for its end, or stop it; an engine can move the port: --port OTHER:8090\n"
)


def test_a_port_that_is_in_use_is_said(cli: Cli) -> None:
    holder = (
        "import socket, subprocess, sys\n"
        "with socket.create_server(('127.0.0.1', 8090)):\n"
        "    sys.exit(subprocess.run(sys.argv[1:]).returncode)\n"
    )
    argv = (*OWN, sys.executable, "-c", holder, *words(cli, "tests: [{log: x}]"))
    with started(cli, *argv) as process:
        done = finish(process)

    assert (done.status, done.stderr) == (1, IN_USE.format("something else"))


def test_two_that_want_the_same_port_do_not_meet(cli: Cli) -> None:
    argv = words(cli, "tests: [{log: never, within: 60s}]")
    with started(cli, *OWN, *argv) as process:
        wait(containers)
        own = ("nsenter", f"--net=/proc/{process.pid}/ns/net")
        with started(cli, *own, *argv) as second:
            done = finish(second)
        assert (done.status, done.stderr) == (1, IN_USE.format("another container-test"))
        os.kill(process.pid, signal.SIGTERM)
        finish(process)


def test_programs_of_another_architecture_are_run(cli: Cli, tmp_path: Path) -> None:
    for program in ("aarch64-linux-gnu-gcc", "qemu-aarch64-static"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    source, tree = tmp_path / "source", tmp_path / "tree"
    shutil.copytree(EXAMPLE, source)
    make = ("make", "-s", "-C", source, "install", f"DESTDIR={tree}", "CC=aarch64-linux-gnu-gcc -static")
    subprocess.run(make, check=True)
    cli.build("hello-http", "--from", str(tree), "-o", f"{tmp_path}/images", cwd=source)
    file = str(EXAMPLE / "container.yaml")
    argv = (str(COMMAND), "container-test", "hello-http", "-f", file, "-o", f"{tmp_path}/images", *RUNC)
    with started(cli, *OWN, *argv) as process:
        done = finish(process)

    assert done.status == 0, done.stdout + done.stderr
