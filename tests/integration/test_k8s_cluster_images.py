"""Images of two architectures, and files, on a real cluster: TEST_KUBECONFIG and TEST_NODES."""

import json
import os
import re
from pathlib import Path

import pytest

from .cluster import Cluster, needs_cluster
from .registries import registry
from .tester import Cli, build_other

pytestmark = [pytest.mark.integration, needs_cluster]


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


def test_a_registry_that_no_node_reaches(cluster: Cluster, tmp_path: Path) -> None:
    with registry(tmp_path) as place:  # on loopback, which is another machine's on a node
        text = cluster.refused("plain", "v1", "--registry", f"http://{place}/x", "--timeout", "60s")

    lines = text.splitlines()
    wanted = re.sub(r"@sha256:\w+", "@DIGEST", lines[2])
    assert lines[0] == "Deployment 'plain' did not come up [not-up]"
    told = r"  plain-POD on NODE: (ImagePullBackOff: Back-off pulling image|ErrImagePull: rpc error:) "
    assert re.match(told, lines[1])
    assert f"dial tcp {place}: connect: connection refused" in lines[1]
    assert (wanted, lines[3]) == (f"  wanted: {place}/x/plain@DIGEST", "  on NODE: none of that name")
    assert lines[4:] == [
        "  hint: it was the first version, and is gone again. "
        f"let NODE reach the registry '{place}', or push to one that it can: --registry"
    ]


def test_a_field_that_can_not_be_changed(cluster: Cluster, tmp_path: Path) -> None:
    text = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: mine}
spec:
  selector: {matchLabels: {app: WHO}}
  template:
    metadata: {labels: {app: WHO}}
    spec: {containers: [{name: mine, image: plain}]}
"""
    file = tmp_path / "mine.yaml"
    file.write_text(text.replace("WHO", "one"))
    words = ("--manifests", str(tmp_path), "--name", "mine")
    assert cluster.deployed("plain", "v1", *words)["result"] == "deployed"
    file.write_text(text.replace("WHO", "two"))

    first, said, hint = cluster.refused("plain", "v1", *words).splitlines()
    assert first == "a field that can't be changed would be changed [immutable]"
    how = r'{"matchLabels":{"app":"two"}}|v1.LabelSelector{MatchLabels:map\[string\]string{"app":"two"}, .*}'
    start = '  The Deployment "mine" is invalid: spec.selector: Invalid value: '
    assert re.fullmatch(f"{re.escape(start)}({how}): field is immutable", said)
    assert hint == "  hint: delete what is there, and deploy it anew: k8s-deploy NAME --delete"
    assert cluster.status("mine")["pending"] is False


def test_files_are_deployed_as_their_writer_was_told(cluster: Cluster, cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "out"
    written = cli("k8s-deploy", "plain", "-o", str(cli.home / "v1"), "--output", str(out))
    assert f"k8s-deploy plain --manifests {out}/base brings them to the nodes" in written.stderr

    assert cluster.deployed("plain", "v1", "--manifests", str(out / "base"))["result"] == "deployed"
    assert cluster.facts("plain")["version"] == "v1"
    assert json.loads(cluster.kubectl("get", "secret", "plain.devtool-containers", "--output=json"))["data"]
