"""What deployments leave behind on a target where all of them were taken away: nothing."""

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
    app.deployed()
    assert "CNI-HOSTPORT-DNAT" in place.sh(CNI)
    app.deployed("v2")
    assert place.facts(8091)["version"] == "v2"
    assert place.undeploy("duo").status == 0
    assert place.sh(CNI) == ""
