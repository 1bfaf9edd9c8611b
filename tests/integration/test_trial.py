"""container-test on what is deployed: with an engine, without one, and not as root."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from .place import Place, wait
from .tester import Done

pytestmark = pytest.mark.integration

GOOD = """\
tests:
  - {name: page, http: {port: 8090, path: /cgi-bin/facts, body: "^version=v1$"}, within: 20s}
  - {name: missing page, http: {port: 8090, path: /nothing, status: 404}}
  - {name: log, log: "^tester v1 starts$"}
  - name: words
    command: [sh, -c, 'echo "$1"; echo "$2" >&2', sh, "it's  $HOME", x]
    output: "^it's  [$]HOME$"
    stderr: ^x$
  - {name: as ssh fails, command: [sh, -c, exit 255], exit: 255}
"""
BAD = """\
tests:
  - {http: {port: 8090, path: /nothing}, within: 0.5s}
  - {http: {port: 8099}, within: 0.5s}
  - {log: ^v1, within: 0.5s}
  - {command: [sh, -c, 'echo out; echo err >&2; exit 7'], within: 0.5s}
  - {command: [sh, -c, echo v1], output: v2, within: 0.5s}
  - {command: [sleep, 60], within: 1s}
  - {log: starts}
"""
SEEN = [
    ("status 200", r"status 404, body '<HTML>"),
    ("status 200", "no answer: nothing listens on port 8099"),
    ("a line matching '^v1'", "none of "),
    ("exit 0", r"exit 7, output 'out\n', error output 'err\n"),
    ("exit 0, output matching 'v2'", r"exit 0, output 'v1\n'"),
    ("exit 0", "no end within 1 s"),
]


@pytest.fixture(scope="module", params=["podman", "containerd", "crun", "podman-user", "crun-user"])
def running(request: pytest.FixtureRequest, cli: object, start_board: Callable[[str], object]) -> Place:
    """A board of each kind on which `plain` runs."""
    from .conftest import found

    place = found(request.param, cli, start_board)  # type: ignore[arg-type]  # fixtures know their types
    place.clean()
    place.deployed("plain")
    return place


def trial(place: Place, tests: str, *options: str) -> Done:
    file = place.cli.home / "tests.yaml"
    file.write_text(tests)
    directory = f"{place.cli.home}/v1"
    words = ("container-test", "plain", place.alias, "-f", str(file), "-o", directory)
    return place.cli(*words, *place.ssh, *options)


def test_what_holds_passes(running: Place) -> None:
    done = trial(running, GOOD)

    assert done.status == 0, done.stdout + done.stderr
    lines = [line.split(" s  ") for line in done.stdout.splitlines()]
    assert [(a.split()[0], *b) for a, *b in lines[:-1]] == [
        ("passed", name) for name in ("page", "missing page", "log", "words", "as ssh fails")
    ]
    stack = "none" if running.raw else running.board.kind
    assert running.normal(done.stdout).endswith(f"\n5 tests on BOARD ({stack}), 0 failed\n")


def test_what_does_not_hold_is_shown(running: Place, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    done = trial(running, BAD, "--format", "json", "--junit", str(report))

    assert done.status == 1, done.stderr
    answer = json.loads(done.stdout)
    *failed, last = answer["tests"]
    for test, (expected, seen) in zip(failed, SEEN, strict=True):
        assert (test["passed"], test["expected"]) == (False, expected)
        assert test["seen"].startswith(seen), test
    assert (last["passed"], answer["failed"]) == (True, 6)
    assert answer["log"][0] == "tester v1 starts"
    [suite] = ElementTree.parse(report).getroot()
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("plain", "7", "6")
    assert [case.get("name") for case in suite.iter("testcase") if case.find("failure") is None] == [
        "log starts"
    ]
    assert str(suite.findtext("system-out")).startswith("tester v1 starts")


def test_the_example_has_tests_that_hold(podman: Place) -> None:
    podman.deployed()
    done = podman.cli(
        "container-test", "hello-http", podman.alias, "-o", f"{podman.cli.home}/v1", *podman.ssh
    )

    assert done.status == 0, done.stdout + done.stderr
    assert podman.normal(done.stdout).endswith("\n3 tests on BOARD (podman), 0 failed\n")


def test_a_port_that_was_moved_is_asked_where_it_answers(podman: Place) -> None:
    podman.deployed("plain", "v1", "--port", "127.0.0.1:8181:8090")

    wanted = "path: /nothing, status: 404}"
    done = trial(podman, f"tests: [{{http: {{port: 8181, {wanted}}}, {{http: {{port: 8090, {wanted}}}]")
    assert done.status == 0, done.stdout + done.stderr


def test_an_ssh_server_that_forwards_nothing_is_no_obstacle(crun: Place) -> None:
    crun.deployed("plain")
    second = "dropbear -F -E -j -m -p 2222 -r /etc/lab/host_key </dev/null >/tmp/second 2>&1"
    pid = crun.sh(f"{second} & echo $!")
    try:
        wait(lambda: socket.create_connection((crun.board.address, 2222)).close() is None)
        tests = crun.cli.home / "tests.yaml"
        tests.write_text("tests: [{http: {port: 8090, path: /cgi-bin/facts, body: ^version=v1$}}]")
        words = ("-f", str(tests), "-o", f"{crun.cli.home}/v1", *crun.ssh)
        done = crun.cli("container-test", "plain", f"{crun.alias}:2222", *words)
        assert done.status == 0, done.stdout + done.stderr
    finally:
        crun.sh(f"kill {pid}")


def test_what_is_not_there_is_not_tested(crun: Place) -> None:
    done = trial(crun, GOOD)

    assert (done.status, crun.normal(done.stderr)) == (
        1,
        "error: 'plain' is not deployed on 'BOARD' [not-deployed]\n"
        "  hint: deploy it: container-deploy plain BOARD\n",
    )


def test_another_image_than_the_one_built_here_is_not_taken_for_it(crun: Place) -> None:
    there = crun.deployed("plain", "v2")["digest"]
    done = trial(crun, GOOD)

    here = json.loads((crun.cli.home / "v1/plain-latest-oci/index.json").read_text())["manifests"][0][
        "digest"
    ]
    assert (done.status, crun.normal(done.stderr)) == (
        1,
        "error: 'BOARD' runs another 'plain' than the one that is built here [other-digest]\n"
        f"  there: {there}\n  here:  {here}\n"
        "  hint: deploy it: container-deploy plain BOARD; or test what is there with --deployed\n",
    )
    done = trial(crun, "tests: [{log: tester v2 starts}]", "--deployed")
    assert done.status == 0, done.stdout + done.stderr


def test_a_name_that_was_given_is_the_one_that_is_tested(crun: Place) -> None:
    crun.deployed("plain", "v1", "--name", "other")

    assert trial(crun, "tests: [{log: starts}]", "--name", "other").status == 0


def test_what_was_deployed_before_there_were_tests_is_said(crun: Place) -> None:
    crun.deployed("plain")
    crun.sh(f"rm {crun.directory}/apps/plain/*/exec")

    done = trial(crun, GOOD)
    assert (done.status, crun.normal(done.stderr)) == (
        1,
        "error: 'plain' on 'BOARD' was deployed by an earlier version, without a way in [old-deployment]\n"
        "  hint: deploy it again: container-undeploy plain BOARD, then container-deploy plain BOARD\n",
    )


def test_what_was_stopped_is_said(podman: Place) -> None:
    podman.deployed("plain")
    podman.sh("podman stop -t 0 plain")

    done = trial(podman, GOOD)
    assert (done.status, podman.normal(done.stderr)) == (
        1,
        "error: 'plain' does not run on 'BOARD': it is stopped 137 [not-running]\n"
        "  hint: see why: container-status BOARD plain --logs; or deploy it: container-deploy plain BOARD\n",
    )


def test_of_what_has_done_its_work_the_output_is_tested(crun: Place) -> None:
    crun.deployed("plain", "v1", "--restart", "no", "--env", "MODE=job")
    done = trial(crun, "tests: [{log: ^tester v1 starts$}, {command: id}]", "--format", "json")

    answer = json.loads(done.stdout)
    assert [test["passed"] for test in answer["tests"]] == [True, False]
    assert answer["tests"][1]["seen"] == "it does not run: stopped 0"


def test_several_containers_are_not_taken_for_one(crun: Place) -> None:
    file = crun.cli.home / "several.yaml"
    file.write_text(
        "name: plain\ncontainers:\n  one: {image: plain}\n"
        "  two: {image: plain, env: {PORT: 8091}, ports: [8091]}\n"
    )
    words = ("container-deploy", str(file), crun.alias, "-o", f"{crun.cli.home}/v1", *crun.ssh)
    assert (done := crun.cli(*words)).status == 0, done.stderr

    done = trial(crun, GOOD, "--deployed")
    assert (done.status, crun.normal(done.stderr)) == (
        1,
        "error: 'plain' on 'BOARD' is several containers, which can't be tested together [several]\n"
        "  it has: one, two\n"
        "  hint: name their file: container-test FILE BOARD\n",
    )
