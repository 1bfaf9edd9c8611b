"""Networks of an application on a machine whose kernel has them all, with another machine on its wire."""

import dataclasses
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from guests import Guest, Unavailable
from guests.host import HOW

from .place import wait
from .site import Site
from .tester import Cli

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not os.environ.get("GUESTS"),
        reason=f"takes minutes: {HOW}, or GUESTS=1 with pytest -k guest_networks",
    ),
]

WIRE = tuple(
    word
    for end in "12"
    for word in (
        *("-netdev", f"hubport,hubid=1,id=end{end}"),
        *("-device", f"virtio-net-pci,netdev=end{end},mac=52:54:00:00:09:0{end}"),
    )
)
"""What it has for a second port, and a third one that is at the other end of the wire."""
OUTSIDE = """\
#!/bin/sh
# Another machine, as far as anybody can tell: it answers on the wire, and in VLAN 5 of it. And a CAN bus.
[ "$1" = start ] || exit 0
port() { for dir in /sys/class/net/*; do
	read -r mac <$dir/address
	[ "$mac" != "52:54:00:00:09:0$1" ] || echo "${dir##*/}"
done; }
near=$(port 1) far=$(port 2)
ip link set $near name field0
ip link set field0 up
ip addr add 10.9.1.1/24 dev field0
iptables -P FORWARD DROP # as many boards are: what is not allowed is not forwarded
unshare -n sleep 99999 </dev/null >/dev/null 2>&1 &
echo $! >/run/outside
until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/1/ns/net)" ]; do sleep 1; done
ip link set $far netns $!
mkdir -p /run/www
echo outside >/run/www/index.html
nsenter -t $! -n sh -ec "
ip link set lo up
ip addr add 10.9.1.9/24 dev $far
ip addr add 10.9.0.9/24 dev $far
ip link set $far up
ip link add link $far name $far.5 type vlan id 5
ip addr add 10.9.5.9/24 dev $far.5
ip link set $far.5 up
httpd -h /run/www
"
# busybox knows no peers, and its shell no other ip
! modprobe vxcan 2>/dev/null || {
	/usr/bin/ip link add can0 type vxcan peer name can1
	ip link set can0 up
}
"""
APP = """\
name: nets
containers:
  web:
    image: plain
    env: {{GREETING: web}}
    ports: ["8080:8090"]
    networks: [front, back, field, tagged]
    tests: [{{name: name, command: [wget, -qO-, http://db:8090/cgi-bin/name], output: ^db$, within: 60s}}]
  db:
    image: plain
    ports: []
    env: {{GREETING: db}}
    networks: [back]
    tests: [{{name: leads nowhere, command: [wget, -qO-, http://10.9.1.9/], exit: 1, within: 60s}}]
  out:
    image: plain
    ports: []
    networks: [front]
    tests: [{{name: the world, command: [wget, -qO-, http://10.9.1.9/], output: ^outside$, within: 60s}}]
{containers}
networks:
  front: {{sysctl: {{net.ipv4.ip_default_ttl: 42}}}}
  back: {{internal: true}}
  field: {{driver: {driver}, parent: field0, subnet: 10.9.0.0/24}}
  tagged: {{driver: vlan, parent: field0, vlan: 5, subnet: 10.9.5.0/24}}
{networks}
"""
CAN = {
    "containers": "  can: {image: can, networks: [bus], tests: [{log: ^uid 65532 listens on eth0$}]}",
    "networks": "  bus: {driver: host-device, parent: can1}",
}
"""An end of the bus becomes the container's own."""
NO_CAN = dict.fromkeys(CAN, "")
LEFT = """\
echo /sys/class/net/*
find /run/devtool-containers /run/netns /var/lib/cni 2>/dev/null
iptables -S; iptables -t nat -S
"""


@dataclasses.dataclass(frozen=True)
class Case:
    guest: str
    driver: str
    """Of the network that has the other machine in it."""
    options: tuple[str, ...] = ()
    can: Mapping[str, str] = dataclasses.field(default_factory=lambda: NO_CAN)


CASES = {
    "none": Case("networks", "ipvlan", ("--stack", "none"), CAN),
    "containerd": Case("networks", "macvlan", ("--stack", "containerd"), CAN),
    "docker": Case("docker", "ipvlan"),
}


@pytest.fixture(scope="module")
def images(cli: Cli) -> Path:
    """Where the images are: that of every test, and one that answers on a CAN bus."""
    tree = cli.home / "can-tree"
    (tree / "usr/bin").mkdir(parents=True)
    source = Path(__file__).with_name("cantool.c")
    subprocess.run(("gcc", "-static", "-o", tree / "usr/bin/cantool", source), check=True)
    file = cli.home / "can.yaml"
    file.write_text("entrypoint: [/usr/bin/cantool, eth0]\nstop_signal: SIGKILL\n")
    images = cli.home / "v1"
    cli.build("can", "--from", str(tree), "-f", str(file), "-o", str(images))
    return images


@pytest.mark.parametrize("stack", CASES)
def test_networks_reach_what_they_are_for(stack: str, cli: Cli, images: Path, tmp_path: Path) -> None:
    case = CASES[stack]
    file = tmp_path / "nets.yaml"
    file.write_text(APP.format(driver=case.driver, **case.can))
    try:
        guest = Guest(case.guest, {"etc/init.d/S40outside": OUTSIDE}, hardware=WIRE)
    except Unavailable as reason:
        pytest.skip(str(reason))
    with guest:
        try:
            scenario(Site(guest, cli, images, "root", stack, case.options), file)
        except BaseException:
            print(guest.console())
            raise


def scenario(site: Site, file: Path) -> None:
    before = site.left(LEFT)
    images = ("-o", str(site.store))
    done = site.run("container-deploy", str(file), site.alias, *images, *site.options)
    assert done.status == 0, done.stderr
    for boot in (site.guest.reboot, None):
        done = site.run("container-test", str(file), site.alias, *images)
        assert done.status == 0, done.stdout + done.stderr
        assert site.get(patience=60, path="/cgi-bin/name") == "web\n"
        answers(site.guest, "can" in file.read_text())
        if boot:
            boot()
            assert wait(lambda: [one["state"] for one in site.status()] == ["running"], 180)
    done = site.run("container-undeploy", "nets", site.alias)
    assert done.status == 0, done.stderr
    assert site.left(LEFT) == before


def answers(guest: Guest, can: bool) -> None:
    """To the other machine, on the wire and in the VLAN of it, and on the CAN bus."""
    outside = "nsenter -t $(cat /run/outside) -n"
    for address in ("10.9.0.2", "10.9.5.2"):
        assert " ttl=42 " in guest.sh(f"{outside} ping -c 1 {address}")
        assert guest.sh(f"{outside} wget -q -O - http://{address}:8090/cgi-bin/name") == "web\n"
    if can:
        tool = "$(find /var/lib -name cantool | head -n 1)"
        assert guest.sh(f"[ ! -e /sys/class/net/can1 ] && {tool} can0 ping").splitlines()[-1] == "124 ping"
