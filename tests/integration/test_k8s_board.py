"""Without a cluster: podman runs the Deployment that is made, and a node's containerd is given its image."""

import json
from collections.abc import Callable, Iterator

import pytest
from sdk_plugins.clusters.k8s import K8s

from devtool_plugins import settings
from sdk_hooks.core import images
from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy.connection import Connection, Options, connect
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.k8s import objects, order, preload
from sdk_hooks.core.k8s.app import App, preloaded
from sdk_hooks.core.k8s.order import Order
from sdk_hooks.core.oci import archive
from sdk_hooks.core.registry import load
from sdk_hooks.core.ui import Ui
from sdk_hooks.image import Image

from .place import Place, wait
from .tester import Cli

pytestmark = pytest.mark.integration

STORE = K8s().store("containerd://1.6.20")
PINNED = "io.cri-containerd.pinned=pinned"
NOTHING = (0, 0, 0)


def image(cli: Cli, name: str, version: str = "v1") -> Image:
    return images.find(name, cli.home / version, "latest")


def reach(place: Place) -> Connection:
    return connect(place.alias, Options(place.board.ssh_config))


def bring(connection: Connection, *wanted: Image) -> tuple[int, int, int]:
    assert STORE is not None
    sent = preload.bring(connection, STORE, wanted, Ui())
    return sent.layers, sent.size, sent.wire


def held(place: Place) -> dict[str, str]:
    """The labels of each image in the namespace of nodes, by its name."""
    lines = [line.split() for line in place.sh("ctr -n k8s.io images ls").splitlines()[1:]]
    return {words[0]: words[-1] for words in lines if not words[0].startswith("sha256:")}


@pytest.fixture
def node(at: Callable[[str], Place]) -> Iterator[Place]:
    """A board with containerd, where nothing is in the namespace of nodes, before and after."""
    place = at("containerd")
    yield place
    place.sh("for i in $(ctr -n k8s.io images ls -q); do ctr -n k8s.io images rm --sync $i; done")


ADDRESS = """\
id=$(podman pod inspect --format '{{.InfraContainerID}}' "$(podman pod ps -q)")
podman inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$id"
"""


def test_podman_runs_the_deployment(podman: Place, cli: Cli) -> None:
    found = image(cli, "hello-http")
    members = order.members(Order("shop", (Part(found, settings.of_image(found)),), {}))
    made = objects.manifests(App("shop", members), load().network)
    [deployment] = [each for each in made if each["kind"] == "Deployment"]
    with reach(podman) as connection:
        stream = archive.stream(archive.whole(found), preloaded(found), frozenset())
        assert link.feed(connection, ("podman", "load", "-q"), stream).status == 0
        text = json.dumps(deployment).encode()
        played = link.feed(connection, ("podman", "play", "kube", "-"), [text])
    ours = f"ancestor={preloaded(found)}"
    try:
        assert played.status == 0, played.error
        address = podman.sh(ADDRESS).strip()
        assert wait(lambda: podman.sh(f"curl -sf http://{address}:8080/")) == (
            "hello from a container, version 1\n"
        )
        [container] = json.loads(podman.sh(f"podman inspect $(podman ps -q --filter {ours})"))
        assert container["Config"]["User"] == "65532:65532"
        assert container["HostConfig"]["Memory"] == 32 << 20
        assert not container["EffectiveCaps"]
    finally:
        podman.sh("podman pod rm -f -a; podman rmi -f -a")
