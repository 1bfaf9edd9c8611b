"""Every example has a recipe that takes all of its sources; tests/integration builds and runs them."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2] / "recipes-examples"
NEEDS = {"greet": [], "shell-report": ["greet"], "hello-http": []}
SERVICES = ("libreading", "reading-sensor", "reading-broker", "reading-store", "reading-page")
"""What test_microservices.py is about."""


def sources(name: str) -> Path:
    [found] = TOP.glob(f"recipes-*/{name}/{name}")
    return found


def test_every_recipe_is_one_that_we_know() -> None:
    assert {path.parent.name for path in TOP.glob("recipes-*/*/*.bb")} == {*NEEDS, *SERVICES}


@pytest.mark.parametrize("name", [*NEEDS, *SERVICES])
def test_the_recipe_takes_every_file_of_its_sources(name: str) -> None:
    """Above all container.yaml, which devtool modify then puts into the source tree."""
    [recipe] = sources(name).parent.glob("*.bb")
    listed = re.findall(r"file://([\w.-]+)(?=[ \"])", recipe.read_text())
    assert sorted(listed) == sorted(os.listdir(sources(name)))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
