"""What is told of a deployment before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from sdk_plugins.stacks.docker import Docker
from sdk_plugins.stacks.none import NoStack

from sdk_hooks import Port, Resources, Settings, Stack, Target
from sdk_hooks.core.deploy import deployment, notes
from sdk_hooks.core.deploy.deployment import Deployment
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.registry import load
from sdk_hooks.testing import TARGET

from .helpers import AMD64, make

OWN = replace(TARGET, name="board", platform=AMD64, uid=1000, state=PurePosixPath("/home/user/state"))


def made(directory: Path, settings: Settings, stack: Stack, target: Target = TARGET) -> Deployment:
    part = Part(make(directory).image, settings)
    return deployment.make("web", (part,), stack, None, target, load().network)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Settings(network="none"), []),
        (Settings(ports=(Port(80, 80),)), []),
        (
            Settings(network="none", ports=(Port(80, 8080), Port(53, 53, "udp"))),
            [
                "note: web has no network, so nothing answers on port 8080, 53: "
                "leave out network: none, or ports:"
            ],
        ),
    ],
)
def test_ports_without_a_network(tmp_path: Path, settings: Settings, said: list[str]) -> None:
    assert list(notes.of(made(tmp_path, settings, Docker()))) == said


def test_limits_that_there_are_none_of(tmp_path: Path) -> None:
    own = made(tmp_path, Settings(resources=Resources(memory=1 << 20)), NoStack(), OWN)

    assert list(notes.of(own)) == ["without an engine only root can limit resources: there are no limits"]
