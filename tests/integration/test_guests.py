"""Every stack and runtime goes through one and the same story, with busybox as the machine's init."""

import os

import pytest
from guests.host import HOW

from .story import Case, told
from .tester import Cli

pytestmark = pytest.mark.integration

SNAPSHOTTER = {"etc/docker/daemon.json": '{"features": {"containerd-snapshotter": true}}\n'}
CASES = {
    "minimal": Case("minimal", "none"),
    "podman": Case("podman", "podman"),
    "docker": Case("docker", "docker"),
    "docker-containerd-store": Case("docker", "docker", files=SNAPSHOTTER),
    "containerd": Case("containerd", "containerd"),
    "crun-cgroup1": Case("runtimes", "none", options=("--runtime", "crun"), words="cgroup1"),
    "runc-cgroup1": Case("runtimes", "none", options=("--runtime", "runc"), words="cgroup1"),
    "runsc": Case("gvisor", "none"),
}
EVERYWHERE = ("minimal",)
"""Those that `make test` runs too: building them and going through them fits into CI."""


@pytest.mark.parametrize("name", CASES)
def test_scenario(name: str, cli: Cli) -> None:
    if name not in EVERYWHERE and not os.environ.get("GUESTS"):
        pytest.skip(f"takes minutes: {HOW}, or GUESTS=1 with pytest -k {name}")
    told(CASES[name], cli)
