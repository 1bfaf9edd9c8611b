"""Every example, built for this machine with the host's compiler, and run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from unit.test_examples import NEEDS, free_port, sources

from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.image import Image

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("own_home")]
COMMAND = (sys.executable, "-m", "devtool_plugins")


@pytest.fixture
def build(tmp_path: Path) -> Callable[[str], Image]:
    """Build an example as its user would: make install, container-build --from."""

    def build_one(name: str) -> Image:
        tree = tmp_path / "tree"
        for part in (*NEEDS[name], name):
            shutil.copytree(sources(part), tmp_path / part)
            subprocess.run(("make", "-s", "-C", tmp_path / part, "install", f"DESTDIR={tree}"), check=True)
        argv = (*COMMAND, "-q", "container-build", name, "--from", str(tree), "-o", str(tmp_path))
        subprocess.run(argv, cwd=tmp_path / name, check=True)
        return Layout(tmp_path / f"{name}-latest-oci").image()

    return build_one


def run(image: Image, *options: str) -> str:
    """What the container prints, with a raw runtime that works here."""
    problem = "neither runc nor crun is installed"
    for runtime in filter(shutil.which, ("runc", "crun")):
        argv = (
            *COMMAND,
            "-q",
            "container-run",
            str(image.layout),
            "--stack",
            "none",
            "--runtime",
            runtime,
            *options,
        )
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
        if done.returncode == 0:
            return done.stdout
        problem = f"{runtime} can't run a container here: {done.stderr.strip()}"
    pytest.skip(problem)


def test_a_program_with_a_library_of_its_own(build: Callable[[str], Image]) -> None:
    image = build("greet")
    assert run(image) == "hello, container\n"
    assert run(image, "--cmd", "you") == "hello, you\n"


def test_a_script_with_a_dependency(build: Callable[[str], Image]) -> None:
    lines = run(build("shell-report")).splitlines()
    assert lines[0] == "hello, team"
    assert " in /tmp on Linux version " in lines[1]


def test_a_service(build: Callable[[str], Image], tmp_path: Path) -> None:
    """Its program alone: deploying the container is what tests/integration does."""
    image = build("hello-http")
    assert list(image.config["config"]["ExposedPorts"]) == ["8080/tcp"]
    assert "health" in json.dumps(image.manifest)
    tree, port = tmp_path / "tree", free_port()
    argv = (tree / "usr/bin/hello-http", tree / "etc/hello-http.conf")
    with subprocess.Popen(argv, env={"PORT": str(port)}, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout
        try:
            assert service.stdout.readline() == f"hello-http 1 listens on port {port}\n"
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
                assert answer.read() == b"hello from a container, version 1\n"
        finally:
            service.terminate()
