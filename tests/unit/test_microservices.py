"""The programs of the microservices, built with the host's compiler: how the store and the page answer."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from sdk_hooks.core import applications
from sdk_hooks.core.spec import read

from .helpers import needs_gcc
from .test_examples import TOP, free_port

PLACE = TOP / "recipes-microservices"
LINE = '{{"time":{},"sensor":"a","celsius":20.50,"source":"file"}}\n'


def test_their_files_are_read() -> None:
    found = applications.load(PLACE / "container.yaml")

    assert list(found.containers) == ["broker", "sensor", "store", "page"]
    for entry in found.containers.values():
        spec = read.load(PLACE / entry.image / entry.image / "container.yaml")
        assert (spec.read_only, spec.user) == (True, None), entry.image
        assert spec.healthcheck


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    top = tmp_path_factory.mktemp("services") / "all"
    shutil.copytree(PLACE, top)
    subprocess.run(("make", "-s", "trees", "CFLAGS=-O2 -Wall -Wextra -Werror"), cwd=top, check=True)
    return top / "tree"


@pytest.fixture
def ports(trees: Path, tmp_path: Path) -> Iterator[tuple[int, int]]:
    """Where the store answers, and the page, which has that store; there is no broker."""
    store, page = free_port(), free_port()
    (tmp_path / "readings").write_text(
        "".join(LINE.format(number) for number in range(3)) + '{"time":3,"sens'
    )
    settings = {
        "DATA": str(tmp_path),
        "BROKER": "127.0.0.1",
        "BROKER_PORT": str(free_port()),
        "STORE": "127.0.0.1",
        "STORE_PORT": str(store),
        "PAGES": str(trees / "reading-page/usr/share/reading-page"),
    }
    running = []
    try:
        for name, port in (("reading-store", store), ("reading-page", page)):
            argv = (trees / name / "usr/bin" / name,)
            made = subprocess.Popen(
                argv, env={**settings, "PORT": str(port)}, stdout=subprocess.PIPE, text=True
            )
            running.append(made)
            assert made.stdout
            while f"listens on port {port}" not in (line := made.stdout.readline()):
                assert line, f"{name} ended"
        yield store, page
    finally:
        for each in running:
            each.kill()
            each.communicate()


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@needs_gcc
def test_the_store_tells_the_last_readings_that_are_whole(ports: tuple[int, int], tmp_path: Path) -> None:
    store, page = ports
    times = {
        n: [each["time"] for each in json.loads(get(store, f"/readings?last={n}")[1])] for n in (1, 3, 9, -1)
    }

    assert times == {1: [2], 3: [0, 1, 2], 9: [0, 1, 2], -1: [2]}
    assert get(page, "/readings") == get(store, "/readings")
    assert get(store, "/other") == (404, "there is /readings and /health\n")
    (tmp_path / "readings").unlink()
    assert get(store, "/readings") == (200, "[]")


@needs_gcc
def test_somebody_who_asks_nothing_holds_nobody_up(ports: tuple[int, int]) -> None:
    with socket.create_connection(("127.0.0.1", ports[1])):
        assert get(ports[1], "/health") == (200, "ok\n")
        assert "<title>Readings</title>" in get(ports[1], "/")[1]
        assert get(ports[1], "/../../etc/passwd")[0] == 404


@needs_gcc
def test_a_sensor_says_that_no_reading_went_out(trees: Path, tmp_path: Path) -> None:
    argv = (trees / "reading-sensor/usr/bin/reading-sensor", "--check")
    state = tmp_path / "state"
    states = []
    for _ in range(2):
        done = subprocess.run(argv, env={"STATE": str(state)}, capture_output=True, text=True, check=False)
        states.append((done.returncode, done.stdout))
        state.touch()

    assert states == [(1, "no reading went out lately\n"), (0, "")]
