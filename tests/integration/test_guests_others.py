"""The same story with systemd as the machine's init, on ARM, and with Debian's release before."""

import os

import pytest
from guests.host import HOW

from .story import Case, told
from .tester import Cli

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not os.environ.get("GUESTS"),
        reason=f"takes minutes: {HOW}, or GUESTS=1 with pytest -k guests_others",
    ),
]

ARM64 = "aarch64-linux-gnu"
OWN_DOCKER = {
    "root": (
        "systemctl disable --now docker.socket docker containerd\n"
        "modprobe ip_tables\nloginctl enable-linger user\n"
        "ln -s /usr/share/docker.io/contrib/dockerd-rootless*.sh /usr/bin/\n"
    ),
    "user": "PATH=$PATH:/usr/sbin dockerd-rootless-setuptool.sh install\n",
}
"""As docker's manual has it."""
CASES = {
    "podman-bookworm": Case("podman-bookworm", "podman"),
    "docker-bookworm": Case("docker-bookworm", "docker"),
    "containerd-bookworm": Case("containerd-bookworm", "containerd"),
    "arm64-podman": Case("arm64", "podman", triplet=ARM64),
    "arm64-crun": Case("arm64", "none", options=("--stack", "none"), triplet=ARM64),
    "systemd": Case("systemd", "podman"),
    "systemd-user": Case("systemd", "podman", login="user"),
    "systemd-user-crun": Case("systemd", "none", login="user", options=("--stack", "none")),
    "systemd-user-docker": Case("systemd-docker", "docker", login="user", prepared=OWN_DOCKER),
}


@pytest.mark.parametrize("name", CASES)
def test_scenario(name: str, cli: Cli) -> None:
    told(CASES[name], cli)
