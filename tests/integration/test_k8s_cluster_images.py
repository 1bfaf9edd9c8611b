"""Images of two architectures, and files, on a real cluster: TEST_KUBECONFIG and TEST_NODES."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .cluster import Cluster, clean, namespace, needs_cluster
from .tester import Cli, build_other

pytestmark = [pytest.mark.integration, needs_cluster]


@pytest.fixture(scope="module")
def shared(cli: Cli) -> Iterator[Cluster]:
    """One namespace for all tests of this module."""
    with namespace(cli) as made:
        yield made


@pytest.fixture
def cluster(shared: Cluster) -> Iterator[Cluster]:
    """A namespace in which nothing is, before and after."""
    yield from clean(shared)


@pytest.fixture
def also(cli: Cli, tmp_path: Path) -> tuple[str, str]:
    """The option that gives `plain` for arm64, too."""
    return ("--also", str(build_other(cli, tmp_path / "arm")))


def test_nodes_get_the_image_of_their_architecture(cluster: Cluster, also: tuple[str, str]) -> None:
    first = cluster.deployed("plain", "v1", *also)
    assert len(first["nodes"]) == len(cluster.get("nodes")["items"])
    assert cluster.facts("plain")["version"] == "v1"
    for node in cluster.get("nodes")["items"]:
        assert node["status"]["nodeInfo"]["architecture"] == "amd64"
    assert cluster.deployed("plain", "v1", *also)["result"] == "unchanged"

    assert cluster.deployed("plain", "v1", *also, "--pin-architecture")["result"] == "deployed"
    pod = cluster.get("deployment", "plain")["spec"]["template"]["spec"]
    [term] = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    assert term["matchExpressions"][0]["values"] == ["amd64", "arm64"]


def test_an_architecture_that_no_node_has(cluster: Cluster, also: tuple[str, str], cli: Cli) -> None:
    done = cli("k8s-deploy", "plain", "-o", also[1], *cluster.options)

    assert done.status == 1
    assert done.stderr.partition("error: ")[2].startswith(
        "the image of 'plain' is for arm64, and its pods may run on "
    )
    pinned = cli("k8s-deploy", "plain", "-o", also[1], "--pin-architecture", *cluster.options)
    assert pinned.stderr.partition("error: ")[2].splitlines()[0] == "no node may run 'plain' [no-node]"


def test_nodes_pull_theirs_out_of_an_index(cluster: Cluster, also: tuple[str, str]) -> None:
    place = os.environ.get("TEST_REGISTRY")
    if not place:
        pytest.skip("TEST_REGISTRY=HOST:PORT is not set: a registry that the nodes pull from by plain HTTP")
    words = (*also, "--registry", f"http://{place}/multi", "--timeout", "60s")

    assert cluster.deployed("plain", "v1", *words)["result"] == "deployed"
    assert cluster.facts("plain")["version"] == "v1"
    pods = cluster.get("pods")["items"]
    assert {each["spec"]["containers"][0]["image"].partition("@")[0] for each in pods} == {
        f"{place}/multi/plain"
    }


def test_files_are_deployed_as_their_writer_was_told(cluster: Cluster, cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "out"
    written = cli("k8s-deploy", "plain", "-o", str(cli.home / "v1"), "--output", str(out))
    assert f"k8s-deploy plain --manifests {out}/base brings them to the nodes" in written.stderr

    assert cluster.deployed("plain", "v1", "--manifests", str(out / "base"))["result"] == "deployed"
    assert cluster.facts("plain")["version"] == "v1"
    assert json.loads(cluster.kubectl("get", "secret", "plain.devtool-containers", "--output=json"))["data"]
