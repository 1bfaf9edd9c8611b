"""A port of the target that is wanted twice."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from sdk_hooks.container import Port, Settings
from sdk_hooks.core.deploy.parts import Part, check_ports

from .helpers import fails, make


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (Port(80, 8080), Port(81, 8080), True),
        (Port(80, 8080), Port(80, 8080, "udp"), False),
        (Port(80, 8080, "tcp", "127.0.0.1"), Port(81, 8080, "tcp", "127.0.0.1"), True),
        (Port(80, 8080, "tcp", "127.0.0.1"), Port(81, 8080, "tcp", "0.0.0.0"), True),
        (Port(80, 8080, "tcp", "127.0.0.1"), Port(81, 8080, "tcp", "10.0.0.1"), False),
    ],
)
def test_a_port_that_one_wants_twice_is_told(tmp_path: Path, one: Port, other: Port, both: bool) -> None:
    part = Part(make(tmp_path / "a-latest-oci").image, Settings(ports=(one, other)))
    refused = fails("the container twice has port 8080 [bad-spec]\n  hint: move one of them: ports:")
    with refused if both else contextlib.nullcontext():
        check_ports([part])
