"""The image `system`: its init starts the services in it, and ends in order."""

import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sdk_hooks.image import Image

from .place import Place, wait
from .test_base_images import built, debian
from .tester import Cli

pytestmark = pytest.mark.integration
__all__ = ("debian",)


@pytest.fixture(scope="module")
def machine(cli: Cli, debian: Path) -> Image:
    """The image `system` with an ssh server that has the same port as the board's."""
    settings = cli.home / "machine.yaml"
    settings.write_text(
        'network: none\nfiles: [{content: "Port 2222\\n", target: /etc/ssh/sshd_config.d/port.conf}]\n'
    )
    image, _ = built(
        cli,
        debian,
        "machine",
        "--base",
        "system",
        "--install",
        "openssh-server",
        "--setuid",
        "/**",
        "-f",
        str(settings),
    )
    return image


def test_no_image_has_a_key_of_a_host(machine: Image) -> None:
    names = []
    for layer in machine.layers:
        with tarfile.open(machine.blob(layer)) as archive:
            names += archive.getnames()
    assert [name for name in names if "ssh_host" in name] == []
    found = json.loads(machine.blob(machine.config_descriptor).read_bytes())["config"]
    assert (found["Entrypoint"], found["User"], found["StopSignal"]) == (["/sbin/init"], "0:0", "SIGRTMIN+3")


@pytest.mark.parametrize("stack", ["podman", "crun"])
def test_an_init_starts_its_services_and_ends_in_order(
    at: Callable[[str], Place], machine: Image, stack: str
) -> None:
    if not shutil.which("systemctl"):
        pytest.skip("systemd is for Linux")
    place = at(stack)
    place.deployed("machine", "machine")

    def inside(*command: str) -> str:
        return place.inside("machine", *command)

    assert wait(lambda: inside("systemctl", "is-system-running", "--wait").strip() == "running", 60)
    assert inside("systemctl", "is-active", "multi-user.target", "dbus", "ssh").split() == ["active"] * 3
    assert inside("cat", "/etc/machine-id").strip()
    assert "ssh_host_ed25519_key.pub" in inside("ls", "/etc/ssh")
    assert place.undeploy("machine").status == 0
