"""How tests are tried: what holds, what does not and how that is said, and for how long."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from sdk_hooks.container import Port
from sdk_hooks.core.deploy.address import of_port
from sdk_hooks.core.spec.checks import Check, Http
from sdk_hooks.core.trial import checks
from sdk_hooks.core.trial.checks import Verdict
from sdk_hooks.core.trial.subject import Done
from sdk_hooks.target import Argv


class Answers(BaseHTTPRequestHandler):
    """/ says hello and anything else is not there."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/" else 404)
        self.end_headers()
        self.wfile.write(b"hello\nworld\n" if self.path == "/" else b"")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield server.server_port
        server.shutdown()


class Stub:
    """A container whose command answers what it was made with, the last answer again and again."""

    target, digest, stack = "here", "sha256:1", "none"

    def __init__(self, *answers: Done | None, log: str = "", over: str = "") -> None:
        self.answers, self.text, self.end = list(answers), log, over
        self.asked: list[Argv] = []

    def exec(self, command: Argv, seconds: float) -> Done | None:
        self.asked.append(command)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @contextmanager
    def connect(self, port: int, seconds: float) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", port), seconds) as stream:
            yield stream

    def log(self) -> str:
        return self.text

    def over(self) -> str:
        return self.end


def tried(subject: Stub, check: Check) -> Verdict:
    told: list[Verdict] = []
    [verdict] = checks.run(subject, [check], told.append)
    assert told == [verdict]
    return verdict


GOOD, BAD = Done(0, "version 1.2\nready\n", ""), Done(3, "", "no\n")


@pytest.mark.parametrize(
    ("check", "done"),
    [
        (Check(command=("a",)), GOOD),
        (Check(command=("a",), output=r"^version 1\.\d$"), GOOD),
        (Check(command=("a",), output="^ready$", stderr="^$"), GOOD),
        (Check(command=("a",), exit=3, stderr="no"), BAD),
    ],
)
def test_a_command_that_does_what_is_expected_passes(check: Check, done: Done) -> None:
    verdict = tried(Stub(done), check)

    assert (verdict.passed, verdict.seen, verdict.kind) == (True, "", "command")


@pytest.mark.parametrize(
    ("check", "done", "expected", "seen"),
    [
        (Check(command=("a",), within=0), BAD, "exit 0", "exit 3, error output 'no\\n'"),
        (Check(command=("a",), exit=3, within=0), GOOD, "exit 3", "exit 0, output 'version 1.2\\nready\\n'"),
        (
            Check(command=("a",), output="^x", stderr="y", within=0),
            Done(0, "", ""),
            "exit 0, output matching '^x', error output matching 'y'",
            "exit 0",
        ),
        (Check(command=("a",), within=0), None, "exit 0", "no end within 1 s"),
    ],
)
def test_a_command_that_does_not_is_shown(check: Check, done: Done | None, expected: str, seen: str) -> None:
    verdict = tried(Stub(done), check)

    assert (verdict.passed, verdict.expected, verdict.seen) == (False, expected, seen)


def test_it_is_tried_until_it_holds() -> None:
    subject = Stub(BAD, None, GOOD)

    assert tried(subject, Check(command=("a", "b"), within=5)).passed
    assert subject.asked == [("a", "b")] * 3


def test_it_is_tried_until_its_time_is_over() -> None:
    subject = Stub(BAD)
    verdict = tried(subject, Check(command=("a",), within=0.5))

    assert not verdict.passed
    assert 0.5 <= verdict.seconds < 0.8
    assert len(subject.asked) > 2


@pytest.mark.parametrize("check", [Check(command=("a",)), Check(http=Http(1))])
def test_a_container_that_has_ended_is_not_waited_for(check: Check) -> None:
    verdict = tried(Stub(GOOD, over="it has ended with 1"), check)

    assert (verdict.passed, verdict.seen) == (False, "it has ended with 1")
    assert verdict.seconds < 0.1


def test_what_it_printed_before_its_end_counts() -> None:
    subject = Stub(log="one\ndone: 5\n", over="it has ended with 0")

    assert tried(subject, Check(log=r"^done: \d$")).passed
    verdict = tried(subject, Check(log="^five"))
    assert (verdict.expected, verdict.seen) == ("a line matching '^five'", "none of 2, the last is 'done: 5'")
    assert tried(Stub(log="", over="x"), Check(log="five")).seen == "no output"


def test_an_answer_that_is_expected_passes(port: int) -> None:
    assert tried(Stub(), Check(http=Http(port, body="^world$"))).passed
    assert tried(Stub(), Check(http=Http(port, "/nothing", 404))).passed


def test_another_answer_is_shown(port: int) -> None:
    verdict = tried(Stub(), Check(http=Http(port, body="^you"), within=0))
    assert verdict.expected == "status 200, body matching '^you'"
    assert verdict.seen == "status 200, body 'hello\\nworld\\n'"
    assert tried(Stub(), Check(http=Http(port, "/no"), within=0)).seen == "status 404, no body"


def test_no_answer_is_shown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        number = silent.getsockname()[1]
        assert tried(Stub(), Check(http=Http(number), within=0)).seen == "no answer within 1 s"
    assert tried(Stub(), Check(http=Http(number), within=0)).seen == "no answer: connection refused"


def test_a_long_text_is_cut() -> None:
    assert checks.short("x" * 301) == f"'{'x' * 300}'... (301 characters)"


def test_every_test_has_a_name_of_its_own() -> None:
    command, log = Check(command=("a", "b c")), Check(log="x y")
    given = [command, command, log, Check(http=Http(80, "/a")), Check("log x y", log="z")]

    names = [name for _, name in checks.named(given)]

    assert names == ["a 'b c'", "a 'b c' (2)", "log x y", "http 80/a", "log x y (2)"]


@pytest.mark.parametrize(
    ("port", "place"),
    [
        (80, ("10.0.0.1", 80)),
        (81, ("[::1]", 81)),
        (82, ("127.0.0.1", 82)),
        (8080, ("10.0.0.1", 80)),  # of the container, and moved
        (99, ("127.0.0.1", 99)),
    ],
)
def test_a_port_is_asked_where_it_is_published(port: int, place: tuple[str, int]) -> None:
    ports = [Port(8080, 80, "tcp", "10.0.0.1"), Port(80, 81, "tcp", "[::]"), Port(1, 82, "tcp", "0.0.0.0")]

    assert of_port(port, ports) == place
