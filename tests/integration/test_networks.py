"""Networks of an application's own, made by engines or by the target's CNI plugins."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from .app import App
from .place import Place

COMPOSE = """\
name: duo
x-common: &common
  image: tester:${TAG:-latest}
  restart: always
services:
  web:
    extends: db
    build: .
    environment: [GREETING=web]
    ports: ["8091:8090"]
    depends_on: {db: {condition: service_healthy}}
    networks: [front]
    volumes: ["./web:/data"]
  db:
    <<: *common
    environment: {GREETING: db}
    networks: [back]
    volumes: ["./db:/data"]
networks: {front: {ipam: {config: [{subnet: 10.200.1.0/24}]}}, back: {internal: true}}
"""
OVERRIDE = 'services: {web: {environment: ["PEER=db:8090"]}}'
FIELD = """\
name: field
containers:
  a:
    image: plain
    ports: ["8091:8090"]
    networks: [inner, field, air]
networks:
  inner: {mtu: 1400}
  air: {driver: macvlan, parent: veth0, subnet: 10.203.1.0/24}
  field: {driver: host-device, parent: field0}
"""


@pytest.mark.parametrize("stack", ["docker", "podman", "containerd", "crun"])
def test_a_compose_file_gives_each_container_its_networks(
    at: Callable[[str], Place], stack: str, tmp_path: Path
) -> None:
    place = at(stack)
    before = links(place)
    app = App(place, tmp_path / "compose.yaml", COMPOSE)
    (tmp_path / "compose.override.yaml").write_text(OVERRIDE)
    for version in ("v1", "v2"):
        app.deployed(version)
        facts = place.facts(8091)
        assert (facts["version"], facts["peer"]) == (version, "db")
        addresses = facts["addresses"].split()
        assert len(addresses) == 3
        assert [a for a in addresses if a.startswith("10.200.1.")]
        assert place.silent(8090)

    assert place.undeploy(str(app.file), "--volumes").status == 0
    assert links(place) == before
    assert place.images() == []


def test_an_interface_can_become_the_containers_own(crun: Place, tmp_path: Path) -> None:
    crun.sh("ip link add field0 type veth")
    try:
        app = App(crun, tmp_path / "app.yaml", FIELD)
        app.deployed()
        app.deployed("v2")  # it has the interface already
        seen = crun.facts(8091)["links"].split()
        assert sorted(path.rpartition("/")[2] for path in seen) == ["eth0", "eth1", "eth2", "lo"]
        assert "10.203.1.1" not in crun.sh("ip addr")
        assert "10.203.1.2/24" in crun.facts(8091)["addresses"]
        assert "field0" not in links(crun)
        assert crun.undeploy("field").status == 0
        assert "field0" in links(crun)
    finally:
        crun.sh("ip link del field0")


def test_without_cni_plugins_it_is_said_what_is_missing(at: Callable[[str], Place], tmp_path: Path) -> None:
    place = at("runc")
    done = App(place, tmp_path / "compose.yaml", COMPOSE).deploy()

    assert place.normal(done.stderr) == (
        "error: 'BOARD' lacks CNI plugins for the network 'duo.back': bridge, firewall, host-local,"
        " loopback [no-cni]\n  hint: install them there (cni-plugins); or say network: host\n"
    )
    assert place.files() == []


def test_an_ordinary_user_without_an_engine_can_make_no_network(
    at: Callable[[str], Place], tmp_path: Path
) -> None:
    place = at("crun-user")
    done = App(place, tmp_path / "compose.yaml", COMPOSE).deploy()

    assert place.normal(done.stderr) == (
        "error: without an engine only root can make the network 'duo.back' on 'BOARD' [needs-root]\n"
        "  hint: log in as root, or say network: host\n"
    )


def test_what_a_plugin_says_is_told(crun: Place, tmp_path: Path) -> None:
    text = "name: x\ncontainers: {a: {image: plain}}\nnetworks: {n: {sysctl: {net.nothing: 1}}}\n"
    done = App(crun, tmp_path / "app.yaml", text).deploy()

    assert done.status == 1
    assert "  network: open /proc/sys/net/nothing: no such file or directory\n" in done.stderr


def test_what_is_printed_for_cni_is_taken_by_containerd(at: Callable[[str], Place], tmp_path: Path) -> None:
    """ctr has a CNI library of its own: it reads the list, and calls the plugins."""
    place = at("containerd")
    (tmp_path / "net.yaml").write_text("name: x\nnetworks: {front: {subnet: 10.201.1.0/24, mtu: 1400}}\n")
    [found] = json.loads(place.cli("networks", str(tmp_path / "net.yaml")).stdout)
    place.deployed("plain")
    image = place.sh("ctr images ls -q").split()[0]
    place.sh(f"mkdir -p /opt/cni /etc/cni/net.d; ln -sfn /usr/lib/cni /opt/cni/bin; "
             f"echo '{json.dumps(found)}' >/etc/cni/net.d/10-x.conflist")  # fmt: skip
    try:
        said = place.sh(f"ctr run --rm --cni {image} cni-test /bin/ip -o addr")
        assert " inet 10.201.1.2/24 " in said
    finally:
        place.sh("rm -rf /etc/cni/net.d/10-x.conflist /opt/cni; ip link del " + found["plugins"][0]["bridge"])


def links(place: Place) -> list[str]:
    """The interfaces of the board."""
    names = place.sh("cd /sys/class/net && echo *").split()
    return sorted(name for name in names if name != "docker0")


@pytest.mark.parametrize("kind", ["docker", "podman"])
def test_a_network_of_somebody_else_is_joined_and_left(
    at: Callable[[str], Place], kind: str, tmp_path: Path
) -> None:
    """Where it is not there, what runs goes on; another application finds it by name."""
    place = at(kind)
    text = "services: {db: {image: plain, networks: [proxy]}}\nnetworks: {proxy: {external: true}}\n"
    app = App(place, tmp_path / "compose.yaml", f"name: inner\n{text}")
    done = app.deploy()
    assert (done.status, f"which is external: {kind} network create proxy" in done.stderr) == (1, True)

    place.sh(f"{kind} network create proxy")
    try:
        app.deployed()
        other = text.replace("db: {", 'web: {environment: {PEER: "db:8090"}, ports: ["8091:8090"], ')
        (tmp_path / "web").mkdir()
        App(place, tmp_path / "web/compose.yaml", f"name: outer\n{other}").deployed()
        assert place.facts(8091)["peer"] == "hi"
        assert [place.undeploy(name).status for name in ("outer", "inner")] == [0, 0]
    finally:
        place.sh(f"{kind} network rm proxy")  # it is there still
