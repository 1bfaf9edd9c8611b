"""Networks: what engines and CNI plugins are told, who is called what, and what is refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from sdk_plugins.stacks.docker import Docker
from sdk_plugins.stacks.none import NoStack
from sdk_plugins.stacks.podman import Podman

from devtool_plugins.__main__ import main
from sdk_hooks import Container, Network, Port, Settings, Stack
from sdk_hooks.core import cni
from sdk_hooks.core.deploy import choose, deployment, namespace
from sdk_hooks.core.deploy.parts import Config, Need, Part, Secret
from sdk_hooks.core.registry import load
from sdk_hooks.core.update import redeploy
from sdk_hooks.testing import TARGET

from .helpers import AMD64, fails, file, make

DRIVERS = load().network
ALL = frozenset(("bridge", "firewall", "host-local", "ipvlan", "loopback", "macvlan", "portmap", "vlan"))
BOARD = replace(TARGET, name="board", platform=AMD64, cni=ALL, cni_path="/opt/cni/bin")
FRONT = Network("front", subnet="10.9.0.0/29")
MOVED = (Port(80, 8080),)


def boxes(directory: Path, stack: Stack, *settings: Settings, name: str = "shop") -> list[Container]:
    """The containers of an application: a, b, ... with *settings*; of the only one, its own name."""
    names = "abcdefgh" if len(settings) > 1 else [""]
    parts = []
    for letter, each in zip(names, settings, strict=False):
        built = make(directory / (letter or "x"), file("usr/bin/x", b"#!", 0o755))
        parts.append(Part(built.image, each, letter))
    made = deployment.make(name, tuple(parts), stack, None, BOARD, DRIVERS)
    return list(made.containers)


def test_one_container_has_the_targets_network_or_a_bridge_to_move_ports(tmp_path: Path) -> None:
    [plain] = boxes(tmp_path / "1", Docker(), Settings(ports=(Port(80, 80),)))
    [moved] = boxes(tmp_path / "2", Docker(), Settings(ports=MOVED))
    [by_cni] = boxes(tmp_path / "3", NoStack(), Settings(ports=MOVED))

    assert (plain.settings.network, plain.networks) == ("host", ())
    assert (moved.settings.network, moved.networks) == ("bridge", ())
    assert [each.network.name for each in by_cni.networks] == ["shop.default"]


def test_several_on_the_targets_network_find_each_other_on_its_loopback(tmp_path: Path) -> None:
    a, b = boxes(tmp_path, Docker(), Settings(), Settings())

    assert (a.name, a.hosts) == ("shop-a", (("a", "127.0.0.1"), ("b", "127.0.0.1")))
    assert "--add-host b:127.0.0.1" in " ".join(Docker().run(a))
    assert b.networks == ()


def test_when_one_needs_a_bridge_all_are_on_one(tmp_path: Path) -> None:
    a, b, alone = boxes(tmp_path, Docker(), Settings(ports=MOVED), Settings(), Settings(network="none"))

    assert [each.network.name for each in (*a.networks, *b.networks)] == ["shop.default"] * 2
    assert (alone.networks, alone.settings.network) == ((), "none")
    assert Docker().files(a, BOARD)["run"] == (
        "docker network inspect shop.default >/dev/null 2>&1 || "
        "docker network create --driver bridge shop.default || exit\n"
        "docker create --restart unless-stopped --stop-timeout 10 --name shop-a --pull never "
        "--network shop.default --network-alias a --publish 8080:80/tcp "
        f"--label devtool-containers.digest={a.digest} {a.image} || exit\n"
        "exec docker start shop-a\n"
    )
    assert Docker().remove(a)[-1] == ("docker", "network", "rm", "shop.default")


def test_a_second_network_is_joined_before_it_starts(tmp_path: Path) -> None:
    [box] = boxes(tmp_path, Podman(), Settings(networks=(FRONT, Network("back", internal=True))))
    script = Podman().files(box, BOARD)["run"]

    assert "podman network create --driver bridge --subnet 10.9.0.0/29 shop.front" in script
    assert "podman network create --driver bridge --internal shop.back" in script
    assert script.endswith(
        "podman network connect --alias shop shop.back shop || exit\nexec podman start shop\n"
    )


def test_with_docker_ports_and_the_default_route_are_on_a_bridge(tmp_path: Path) -> None:
    """It takes the network whose name comes first, whatever the container's first one is."""
    air = Network("air", "ipvlan", "10.8.0.0/24", parent="eth1")
    [box] = boxes(tmp_path, Docker(), Settings(networks=(FRONT, air), ports=MOVED))
    script = Docker().files(box, BOARD)["run"]

    assert " --network shop.front --network-alias shop " in script
    assert " --driver ipvlan --subnet 10.8.0.0/24 --opt parent=eth1 shop_.air " in script
    assert "docker network connect --alias shop shop_.air shop || exit\n" in script
    removed = [words[-1] for words in Docker().remove(box) if words[1] == "network"]
    assert removed == sorted(removed) == ["shop.front", "shop_.air"]


def test_the_plugins_that_make_a_bridge(tmp_path: Path) -> None:
    a, b = boxes(tmp_path, NoStack(), Settings(networks=(FRONT,), ports=MOVED), Settings(networks=(FRONT,)))
    [joined] = a.networks

    assert joined.address == "10.9.0.2/29"
    bridge, firewall, portmap = joined.plugins
    pool = {"subnet": "10.9.0.0/29", "rangeStart": "10.9.0.2", "rangeEnd": "10.9.0.2", "gateway": "10.9.0.1"}
    assert bridge == {
        "type": "bridge",
        "bridge": "dtc" + hashlib.sha256(b"shop.front").hexdigest()[:10],
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "dataDir": "/run/devtool-containers/cni",
            "ranges": [[pool]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    assert firewall == {"type": "firewall"}
    mapping = {"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}
    assert portmap == {"type": "portmap", "snat": True, "runtimeConfig": {"portMappings": [mapping]}}
    assert b.networks[0].address == "10.9.0.3/29"
    assert a.hosts == b.hosts == (("a", "10.9.0.2"), ("b", "10.9.0.3"))


def test_what_comes_in_at_ports_of_the_target_is_allowed(tmp_path: Path) -> None:
    """The firewall plugin allows answers only: without it nobody would be answered where FORWARD drops."""
    settings = Settings(networks=(Network("back", subnet="10.8.0.0/29"), FRONT), ports=MOVED)
    [box] = boxes(tmp_path / "1", NoStack(), settings)
    assert "\nmoved=10.8.0.2\n" in namespace.files(box, BOARD)["network"]
    [silent] = boxes(tmp_path / "2", NoStack(), Settings(networks=(FRONT,)))
    assert "\nmoved=''\n" in namespace.files(silent, BOARD)["network"]


@pytest.mark.parametrize(
    ("network", "conf"),
    [
        (
            Network("f", "macvlan", "10.9.0.0/24", parent="eth1"),
            {"type": "macvlan", "mode": "bridge", "master": "eth1"},
        ),
        (
            Network("f", "ipvlan", "10.9.0.0/24", parent="eth1"),
            {"type": "ipvlan", "mode": "l2", "master": "eth1"},
        ),
        (
            Network("f", "vlan", "10.9.0.0/24", parent="eth1", vlan=5, mtu=1400),
            {"type": "vlan", "master": "eth1", "vlanId": 5, "mtu": 1400},
        ),
        (Network("f", "host-device", parent="can0"), {"type": "host-device", "device": "can0"}),
    ],
    ids=lambda value: value.driver if isinstance(value, Network) else "",
)
def test_the_configuration_of_each_driver(tmp_path: Path, network: Network, conf: dict[str, object]) -> None:
    [box] = boxes(tmp_path, NoStack(), Settings(networks=(network,)))
    [plugin] = box.networks[0].plugins

    assert {key: value for key, value in plugin.items() if key != "ipam"} == conf
    assert ("ipam" in plugin) == DRIVERS(network.driver).addresses


@pytest.mark.parametrize(
    ("stack", "network", "message"),
    [
        (
            Docker(), Network("f", "host-device", parent="can0"),
            "docker can't make the network 'shop.f' of driver host-device [no-network]\n"
            "  it can: host, bridge, none, macvlan, ipvlan, vlan\n"
            "  hint: change networks: in container.yaml, or use another stack",
        ),
        (
            NoStack(), Network("f", "macvlan", parent="eth1"),
            "the network 'shop.f' of driver macvlan can't do without subnet: [no-network]\n"
            "  hint: change networks: in container.yaml",
        ),
        (
            NoStack(), Network("f", "vlan", "10.9.0.0/24", parent="eth1"),
            "the network 'shop.f' of driver vlan can't do without parent: and vlan: [no-network]\n"
            "  hint: change networks: in container.yaml",
        ),
        (
            Docker(), Network("f", "brigde"),
            "no network is named 'brigde' [unknown-plugin]\n"
            "  known: bridge, host-device, ipvlan, macvlan, vlan\n  hint: did you mean 'bridge'?",
        ),
    ],
)  # fmt: skip
def test_a_network_that_cannot_be_is_refused(
    tmp_path: Path, stack: Stack, network: Network, message: str
) -> None:
    with fails(message):
        boxes(tmp_path, stack, Settings(networks=(network,)))


def test_for_multus_a_network_is_an_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = "{driver: macvlan, parent: eth1, subnet: 10.8.0.0/24, sysctl: {net.x: 1}}"
    (tmp_path / "container.yaml").write_text(f"name: app\nnetworks: {{field: {said}}}\n")
    assert (
        main(["networks", str(tmp_path / "container.yaml"), "--format", "multus", "--namespace", "plant"])
        == 0
    )

    [item] = json.loads(capsys.readouterr().out)["items"]
    assert (item["apiVersion"], item["kind"]) == ("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition")
    assert item["metadata"] == {"name": "app-field", "namespace": "plant"}
    pool = {"subnet": "10.8.0.0/24", "gateway": "10.8.0.1"}
    assert json.loads(item["spec"]["config"]) == {
        "cniVersion": "0.4.0",
        "name": "app-field",
        "plugins": [
            {
                "type": "macvlan",
                "mode": "bridge",
                "master": "eth1",
                "ipam": {"type": "host-local", "ranges": [[pool]]},
            },
            {"type": "tuning", "sysctl": {"net.x": "1"}},
        ],
    }


def test_a_file_without_networks_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "container.yaml"
    path.write_text("name: app\n")

    assert main(["networks", str(path)]) == 1
    assert (
        capsys.readouterr().err
        == f"error: '{path}' has no networks [no-network]\n  hint: describe them: networks:\n"
    )


def test_ports_go_to_the_bridge_wherever_it_stands(tmp_path: Path) -> None:
    field = Network("field", "macvlan", "10.8.0.0/24", parent="eth1")
    [box] = boxes(tmp_path / "1", NoStack(), Settings(networks=(field, FRONT), ports=MOVED))
    assert [[p["type"] for p in each.plugins] for each in box.networks] == [
        ["macvlan"],
        ["bridge", "firewall", "portmap"],
    ]
    with fails(
        "ports can't be moved without a network of driver bridge [no-network]\n"
        "  ports: 8080:80/tcp\n"
        "  hint: give it one: networks:; or leave out ports:"
    ):
        boxes(tmp_path / "2", NoStack(), Settings(networks=(field,), ports=MOVED))


def test_a_subnet_has_to_have_room() -> None:
    with fails(
        "the subnet 10.9.0.0/30 of 'front' has no room for 2 containers [no-network]\n"
        "  hint: give it a larger one: subnet:"
    ):
        cni.address(Network("front", subnet="10.9.0.0/30"), 1)


def test_the_plugins_have_to_be_on_the_target(tmp_path: Path) -> None:
    image = make(tmp_path / "x", file("usr/bin/x", b"#!", 0o755)).image
    target = replace(BOARD, cni=frozenset({"loopback", "host-local", "bridge"}))
    parts = (Part(image, Settings(networks=(FRONT,))),)
    with fails(
        "'board' lacks CNI plugins for the network 'shop.front': firewall [no-cni]\n"
        "  they are in /opt/cni/bin\n"
        "  hint: install them there (cni-plugins); or say network: host"
    ):
        choose.check_machine(deployment.make("shop", parts, NoStack(), None, target, DRIVERS))


@pytest.mark.parametrize("stack", [Docker(), Podman(), NoStack()], ids=lambda stack: stack.name)
@pytest.mark.parametrize(
    "settings",
    [
        (Settings(ports=MOVED),),
        (Settings(networks=(FRONT,), ports=MOVED),),
        (Settings(), Settings()),
        (Settings(ports=MOVED), Settings(), Settings(network="host")),
        (Settings(networks=(FRONT, Network("back")), ports=MOVED), Settings(networks=(FRONT,)), Settings()),
    ],
    ids=["one", "one on a network", "several", "several on a bridge", "several on networks"],
)
def test_what_a_record_says_deploys_the_same_again(
    tmp_path: Path, settings: tuple[Settings, ...], stack: Stack
) -> None:
    names = "abc" if len(settings) > 1 else [""]
    image = make(tmp_path / "image", file("usr/bin/x", b"#!", 0o755)).image
    secrets = (Secret("token", b"s3cret"),) if len(settings) > 1 else ()
    configs = (Config("own", b"a=1\n", "/etc/own"), Config("own", b"a=1\n", "/own")) if secrets else ()
    parts = [
        Part(image, each, name, (), secrets, configs) for name, each in zip(names, settings, strict=False)
    ]
    parts[-1] = replace(parts[-1], needs=(Need("a", "started"),) if len(parts) > 1 else ())
    first = deployment.make("shop", tuple(parts), stack, None, BOARD, DRIVERS)
    again = redeploy.parts(json.loads(first.record), first.id, lambda _: image)
    second = deployment.make("shop", again, stack, None, BOARD, DRIVERS)

    assert (second.record, second.id) == (first.record, first.id)
