"""Without a cluster: podman runs the Deployment that is made, and a node's containerd is given its image."""

import json
from collections.abc import Callable, Iterator

import pytest
from sdk_plugins.clusters.k8s import K8s
from sdk_plugins.clusters.microk8s import MicroK8s

from devtool_plugins import settings
from sdk_hooks.core import images
from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy.connection import Connection, Options, connect
from sdk_hooks.core.deploy.packed import Packer
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.k8s import objects, order, preload
from sdk_hooks.core.k8s.app import App, Copy, preloaded
from sdk_hooks.core.k8s.order import Order
from sdk_hooks.core.oci import archive
from sdk_hooks.core.registry import load
from sdk_hooks.core.ui import Ui
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image
from sdk_hooks.kubernetes import NodeStore

from .place import Place, wait
from .test_crio import put
from .tester import Cli

pytestmark = pytest.mark.integration

STORE = K8s().store("containerd://1.6.20")
PINNED = "io.cri-containerd.pinned=pinned"
NOTHING = (0, 0, 0)


def image(cli: Cli, name: str, version: str = "v1") -> Image:
    return images.find(name, cli.home / version, "latest")


def reach(place: Place) -> Connection:
    return connect(place.alias, Options(place.board.ssh_config))


def bring(connection: Connection, *wanted: Image, store: NodeStore | None = STORE) -> tuple[int, int, int]:
    assert store is not None
    copies = [Copy(preloaded(each), each) for each in wanted]
    with Packer() as packer:
        sent = preload.bring(connection, store, copies, Ui(), packer)
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


def test_a_node_is_given_only_what_it_lacks(node: Place, cli: Cli) -> None:
    first, second = image(cli, "hello-http"), image(cli, "hello-http", "v2")
    with reach(node) as connection:
        layers, size, _ = bring(connection, first)
        assert (layers, size > 500_000) == (3, True)
        assert bring(connection, first) == NOTHING
        layers, _, wire = bring(connection, second)
        assert (layers, wire < 40_000) == (1, True)

    names = {preloaded(first), preloaded(second)}
    assert {name: PINNED in labels for name, labels in held(node).items()} == dict.fromkeys(names, True)
    mount = f"ctr -n k8s.io images mount {preloaded(second)} /mnt >/dev/null"
    unmount = "ctr -n k8s.io images unmount --rm /mnt >/dev/null"
    assert "greeting = hello" in node.sh(f"{mount}; cat /mnt/etc/hello-http.conf; {unmount}")


def test_a_node_that_lost_a_layer_gets_the_image_whole(node: Place, cli: Cli) -> None:
    """Its index of what it has may be older than what it has."""
    first, second = image(cli, "hello-http"), image(cli, "hello-http", "v2")
    with reach(node) as connection:
        bring(connection, first)
        node.sh(f"ctr -n k8s.io content rm {first.diff_ids[0]}")
        layers, _, _ = bring(connection, second)

    assert layers in (2, 3)
    assert preloaded(second) in held(node)


def test_a_node_without_space_says_so_and_takes_it_later(node: Place, cli: Cli) -> None:
    first = image(cli, "hello-http")
    with reach(node) as connection:
        node.board.limit_disk(100_000)
        with pytest.raises(SdkError) as refused:
            bring(connection, first)
        told = refused.value
        assert (told.what, told.code) == (f"no space left on the node {node.alias!r}", "no-space")
        assert "no space left on device" in told.detail
        assert told.hint == "make room there: df -h /var/lib /var/tmp"
        assert held(node) == {}

        node.board.restore_disk()
        assert bring(connection, first)[0] == 3


def test_a_node_forgets_what_nothing_uses(node: Place, cli: Cli) -> None:
    assert STORE is not None
    first, second = image(cli, "hello-http"), image(cli, "hello-http", "v2")
    other = image(cli, "plain")
    one, two = preloaded(first), preloaded(second)
    asked: list[set[str]] = []

    def in_use() -> set[str]:
        asked.append(set(held(node)))
        return set()

    with reach(node) as connection:
        bring(connection, first, second, other)
        preload.forget(connection, STORE, [one], [one, two], in_use)
        assert asked == []  # nothing would go
        preload.forget(connection, STORE, [one], [two], lambda: None)
        assert (PINNED in held(node)[one], PINNED in held(node)[two]) == (False, True)
        preload.forget(connection, STORE, [one], [two], lambda: {one})
        assert set(held(node)) == {one, two, preloaded(other)}
        preload.forget(connection, STORE, [one], [two], in_use)
        assert asked == [{one, two, preloaded(other)}]
        assert set(held(node)) == {two, preloaded(other)}
        preload.forget(connection, STORE, [one, preloaded(other)], [], lambda: set())

    assert node.sh("ctr -n k8s.io images ls -q; ctr -n k8s.io content ls -q").split() == []


def test_a_login_that_may_not_see_the_images_is_told(node: Place, cli: Cli) -> None:
    login = Place(node.board, cli, user=True)
    with reach(login) as connection, pytest.raises(SdkError) as caught:
        bring(connection, image(cli, "hello-http"))

    assert login.normal(str(caught.value)).splitlines()[0] == (
        "the images of the node 'BOARD' can't be listed [no-node-images]"
    )
    assert caught.value.hint == "log in as root: --node NAME=root@ADDRESS; or use a registry: --registry"


def test_a_node_with_the_storage_of_cri_o(podman: Place, cli: Cli) -> None:
    """CRI-O keeps images where podman does; a name goes, and what another one has stays."""
    store = K8s().store("cri-o://1.37.0")
    assert store is not None
    first, second = image(cli, "hello-http"), image(cli, "hello-http", "v2")
    one, two = preloaded(first), preloaded(second)
    with reach(podman) as connection:
        try:
            layers, size, _ = bring(connection, first, store=store)
            assert (layers, size > 500_000) == (3, True)
            assert bring(connection, first, store=store) == NOTHING
            layers, _, wire = bring(connection, second, store=store)
            assert (layers, wire < 40_000) == (1, True)
            assert preload.inventory(connection, store, [one, two]).names == {one, two}
            shown = (
                f"cat $(podman image mount {two})/etc/hello-http.conf; podman image unmount {two} >/dev/null"
            )
            assert "greeting = hello" in podman.sh(shown)

            preload.forget(connection, store, [one], [two], lambda: None)
            assert preload.inventory(connection, store, [one, two]).names == {one, two}
            preload.forget(connection, store, [one], [two], lambda: set())
            assert preload.inventory(connection, store, [one, two]).names == {two}
        finally:
            podman.sh("podman rmi -f -a")


def test_a_node_of_microk8s(node: Place, cli: Cli) -> None:
    """Its ctr is a word after its own name, and knows where its containerd listens."""
    store = MicroK8s().store("containerd://1.6.28")
    put(node.board, "/usr/local/bin/microk8s", '#!/bin/sh\n[ "$1" = ctr ] || exit 9\nexec "$@"\n', "755")
    first = image(cli, "hello-http")
    with reach(node) as connection:
        assert bring(connection, first, store=store)[0] == 3
        assert bring(connection, first, store=store) == NOTHING
        assert store is not None
        assert PINNED in held(node)[preloaded(first)]
        preload.forget(connection, store, [preloaded(first)], [], lambda: set())

    assert node.sh("ctr -n k8s.io images ls -q").split() == []
    assert store == MicroK8s().store("containerd://2.0")
    assert MicroK8s().store("cri-o://1") is None
