"""What deployments leave behind on a target where all of them were taken away: nothing."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from .app import App
from .place import Place

pytestmark = pytest.mark.integration
DUO = """\
name: duo
containers:
  a: {image: plain, ports: ["8091:8090"], networks: [front, back]}
  b: {image: plain, networks: [back]}
networks: {front: {}, back: {internal: true}}
"""
CNI = """\
find /run/devtool-containers /run/netns/* 2>/dev/null
for t in iptables ip6tables; do
	for of in filter nat; do $t -t $of -S; done
done 2>/dev/null | grep CNI
true
"""


@pytest.mark.parametrize("stack", ["crun", "containerd"])
def test_networks_leave_nothing(at: Callable[[str], Place], stack: str, tmp_path: Path) -> None:
    place = at(stack)
    app = App(place, tmp_path / "app.yaml", DUO)
    place.sh("iptables -P FORWARD DROP")  # as docker and many a firewall have it
    try:
        app.deployed()
        assert "CNI-HOSTPORT-DNAT" in place.sh(CNI)
        app.deployed("v2")
        assert place.facts(8091)["version"] == "v2"
    finally:
        place.sh("iptables -P FORWARD ACCEPT")
    assert place.undeploy("duo").status == 0
    assert place.sh(CNI) == ""


def test_nothing_is_kept_for_the_next_time(at: Callable[[str], Place]) -> None:
    """crun since 1.9 keeps filters of system calls that it has compiled: stood in for, this may be older."""
    place = at("crun-user")
    place.deployed("plain")
    place.deployed("hello-http")
    cache = f"{place.directory}/run/crun/.cache"
    place.sh(f"mkdir -p {cache}/seccomp && : >{cache}/seccomp/0123")
    assert place.undeploy("plain").status == 0
    assert place.sh(f"ls {cache}/seccomp") == "0123\n"
    assert place.undeploy("hello-http").status == 0
    assert place.sh(f"find {place.directory} -type f") == ""


CLEANED = {
    "docker": "docker system prune -af",
    "crun": "rm -rf /var/lib/devtool-containers/layers/*",
    "podman": "podman system prune -af",
    "containerd": "ctr images rm --sync $(ctr images ls -q)",
}
ALL = list(CLEANED)[: None if os.environ.get("GUESTS") else 2]


@pytest.mark.parametrize("stack", ALL)
def test_what_was_cleaned_away_is_not_gone_back_to(at: Callable[[str], Place], stack: str) -> None:
    """The image of the deployment before is used by nothing that an engine knows of."""
    place = at(stack)
    place.deployed()
    place.deployed("hello-http", "v2")
    place.sh(CLEANED[stack])

    done = place.deploy("hello-http", "v2", "--rollback")
    assert (done.status, place.normal(done.stderr).partition("error: ")[2]) == (
        1,
        "the image of that deployment of 'hello-http' is gone from 'BOARD' [image-gone]\n"
        "  what runs there goes on\n"
        "  hint: deploy it again\n",
    )
    assert place.get() == "hello from a container, version 2\n"
    place.deployed()
    assert place.get() == "hello from a container, version 1\n"
