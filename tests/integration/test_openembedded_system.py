"""The image `system` of a real OpenEmbedded feed boots its init, systemd or sysvinit."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sdk_hooks.image import Image

from .place import Place, wait
from .test_base_images import built
from .tester import Cli

pytestmark = pytest.mark.integration

FEEDS = [each for each in os.environ.get("OE_SYSTEM_FEEDS", "").split(":") if each]
# ruff: noqa: E501  what to set is read best in one line
NONE = "OE_SYSTEM_FEEDS=DIR[:DIR] is not set: tmp/deploy/ipk, deb or rpm of a build whose INIT_MANAGER is sysvinit or systemd"
"""No registry has such packages: `bitbake packagegroup-core-boot bash` in an OE-Core build makes them."""


@pytest.fixture(scope="module", params=FEEDS or [""])
def machine(cli: Cli, request: pytest.FixtureRequest) -> Image:
    if not request.param:
        pytest.skip(NONE)
    settings = cli.home / "oe.yaml"
    settings.write_text("network: none\n")
    image, _ = built(cli, Path(request.param), "oe", "--base", "system", "-f", str(settings))
    return image


@pytest.mark.parametrize("stack", ["podman", "crun"])
def test_its_init_reaches_the_default_target(at: Callable[[str], Place], machine: Image, stack: str) -> None:
    place = at(stack)
    place.deployed("oe", "oe")
    question = (
        "if [ -d /run/systemd/system ]; then systemctl is-active multi-user.target; else runlevel; fi || :"
    )

    assert wait(lambda: place.inside("oe", "sh", "-c", question).strip() in ("active", "N 5"), 90)
    assert place.undeploy("oe").status == 0
