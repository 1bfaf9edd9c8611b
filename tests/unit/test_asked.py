"""asked.py: what no target can do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sdk_plugins.stacks.podman import Podman

from sdk_hooks import HealthCheck, Port, Settings

from .helpers import fails, make
from .test_choose import BOARD, HOST, check


def test_an_image_that_runs_nothing_is_refused(tmp_path: Path) -> None:
    """As that of a base image is, which engines say in words of their own once it is there."""
    image = make(tmp_path / "web-latest-oci").image
    nothing = replace(image, config={**image.config, "config": {}})
    with fails(
        "the image 'localhost/web' does not say what it runs [no-program]\n"
        "  its config has neither Entrypoint nor Cmd\n"
        "  hint: say it when it is built: --entrypoint /path/to/program; or in an application's file"
    ):
        check(BOARD, nothing, Podman())
    check(BOARD, nothing, Podman(), replace(HOST, cmd=("/bin/true",)))


def test_nobody_can_ask_one_that_has_no_network(tmp_path: Path) -> None:
    asks = HealthCheck(port=8080)
    with fails(
        "the health check asks port 8080 of 'web', which has no network [no-health]\n"
        "  hint: check with a command; or leave out network: none"
    ):
        closed = Settings(network="none", ports=(Port(8080, 8080),), healthcheck=asks)
        check(BOARD, make(tmp_path / "web-latest-oci").image, Podman(), closed)
