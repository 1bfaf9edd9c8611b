"""What a machine of a real cluster has to do with it: TEST_KUBECONFIG and TEST_NODES='root@ADDRESS ...'."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from sdk_hooks.core import registry
from sdk_hooks.kubernetes import NodeStore

from .cluster import Cluster, ended, needs_cluster
from .place import finish, wait

pytestmark = [pytest.mark.integration, needs_cluster]
HELLO = "hello from a container, version {}\n"
PATH = "PATH=$PATH:/usr/local/bin:/snap/bin\n"


def store(cluster: Cluster) -> NodeStore:
    """Where the first node keeps images, by the plugin that knows its distribution."""
    target = os.environ["TEST_NODES"].split()[0].rpartition("@")[2]
    [node] = [
        item
        for item in cluster.get("nodes")["items"]
        if target in [each["address"] for each in item["status"]["addresses"]]
    ]
    info, labels = node["status"]["nodeInfo"], node["metadata"]["labels"]
    known = sorted(registry.load().clusters().values(), key=lambda each: -len(each.kubectl))
    distribution = next(each for each in known if each.marks(info["kubeletVersion"], labels))
    found = distribution.store(info["containerRuntimeVersion"])
    assert found is not None
    return found


def images(cluster: Cluster, name: str) -> set[str]:
    """The versions of the image *name* that the first node has."""
    lines = cluster.on_node(PATH + store(cluster).inventory()).splitlines()
    names = {line.partition(" ")[2] for line in lines if line.startswith("image ")}
    return {each for each in names if re.search(rf"/{name}:", each)}


def test_images_that_nothing_needs_are_forgotten(cluster: Cluster) -> None:
    before = images(cluster, "hello-http")
    cluster.deployed("hello-http")
    [first] = images(cluster, "hello-http") - before
    cluster.deployed("hello-http", "v2")
    assert len(both := images(cluster, "hello-http") - before) == 2  # the one before may be gone back to
    assert first in both

    cluster.deployed("hello-http", "v1", "--env", "WORDS=other")
    wait(lambda: len(cluster.get("pods")["items"]) == 1, 60)  # what just ends uses its image, too
    cluster.deployed("hello-http", "v1", "--env", "WORDS=again")
    assert images(cluster, "hello-http") - before == {first}
    cluster.delete("hello-http")
    assert images(cluster, "hello-http") == before
    digest = first.rpartition("sha256-")[2]
    assert digest not in cluster.on_node(PATH + store(cluster).inventory())  # nor by an ID alone


def test_the_kubectl_of_a_machine_of_the_cluster(cluster: Cluster) -> None:
    target = os.environ["TEST_NODES"].split()[0]
    said = cluster.cli(*via(cluster, target, "--status")).stderr
    if said.startswith(("error: there is no kubectl", "error: kubectl knows of no cluster")):
        pytest.skip(
            "the first node has no kubectl that knows the cluster: copy a kubeconfig to its ~/.kube/config"
        )
    before = cluster.everything()

    def ask(*words: str, version: str = "") -> str:
        place = ("-o", f"{cluster.cli.home}/{version}") if version else ()
        done = cluster.cli(*via(cluster, target, *words, *place), timeout=200)
        assert done.status == 0, done.stderr
        return done.stdout

    assert json.loads(ask("hello-http", "--format", "json", version="v1"))[0]["result"] == "deployed"
    assert cluster.answer("hello-http") == HELLO.format(1)
    again = json.loads(ask("hello-http", "--format", "json", version="v1"))[0]
    assert (again["result"], {each["wire"] for each in again["nodes"].values()}) == ("unchanged", {0})
    assert "+" in ask("hello-http", "--dry-run", version="v2")
    ask("hello-http", version="v2")
    assert wait(lambda: cluster.answer("hello-http") == HELLO.format(2))
    assert ask("hello-http", "--status").splitlines()[1].split()[:4] == [
        "hello-http",
        "Deployment",
        "hello-http",
        "up",
    ]
    assert "hello-http" in ask("hello-http", "--logs")
    assert ask("hello-http", "--rollback") == "hello-http: rolled back\n"
    assert wait(lambda: cluster.answer("hello-http") == HELLO.format(1))
    assert ask("hello-http", "--delete") == "hello-http: removed\n"
    ended(cluster, before)


def via(cluster: Cluster, target: str, *words: str) -> tuple[str, ...]:
    """The command that uses the machine *target*, and not the kubeconfig that is here."""
    rest = cluster.options[2:]
    assert cluster.options[0] == "--kubeconfig"
    return ("k8s-deploy", *words, "--via", target, *rest)


def test_a_change_of_the_sources_becomes_new_pods(cluster: Cluster, tmp_path: Path) -> None:
    tree, place = tmp_path / "tree", tmp_path / "images"
    subprocess.run(("cp", "-a", str(cluster.cli.home / "tester-tree-v1"), str(tree)), check=True)
    spec = str(cluster.cli.home / "plain.yaml")
    cluster.cli.build("plain", "--from", str(tree), "-f", spec, "-o", str(place), cwd=tmp_path)
    running = cluster.cli.start(*cluster.words("plain", "--watch", "-o", str(place)))
    try:
        assert wait(lambda: cluster.facts("plain")["version"] == "v1", 60)
        wait(lambda: not cluster.status("plain")["pending"], 30)
        (tree / "etc/version").write_text("v1-changed")
        assert wait(lambda: cluster.facts("plain")["version"] == "v1-changed", 60)
        wait(lambda: not cluster.status("plain")["pending"], 30)
    finally:
        os.killpg(running.pid, signal.SIGINT)
        done = finish(running)
    assert done.status == 130
    assert done.stderr.count("Deployment plain: 1 of 1 up\n") == 2


def test_the_nodes_are_looked_at(cluster: Cluster) -> None:
    done = cluster("--check-nodes", "--format", "json")

    found = {each["node"]: each["findings"] for each in json.loads(done.stdout)}
    assert {item["metadata"]["name"] for item in cluster.get("nodes")["items"]} == {*found} - {""}
    errors = [each for every in found.values() for each in every if each["level"] == "error"]
    assert done.status == int(bool(errors))
    assert not [each for each in errors if "port" in each["what"]]  # they are the cluster's own


def test_what_was_deployed_is_there_after_a_restart(cluster: Cluster) -> None:
    command = os.environ.get("TEST_RESTART")
    if not command:
        pytest.skip("TEST_RESTART=<command that starts the first node anew, its runtime, too> is not set")
    cluster.deployed("plain")
    cluster.deployed("plain", "v2")
    before = images(cluster, "plain")
    subprocess.run(("sh", "-c", command), check=True, timeout=200, stdout=subprocess.DEVNULL)

    assert wait(lambda: cluster.facts("plain")["version"] == "v2", 120)
    assert images(cluster, "plain") == before
    wait(lambda: cluster.status("plain")["workloads"][0]["state"] == "up", 60)
    again = cluster.deployed("plain", "v2")
    assert (again["result"], {each["wire"] for each in again["nodes"].values()}) == ("unchanged", {0})
    back = cluster("plain", "--rollback")  # its image is still on the node, too
    assert (back.status, back.stdout) == (0, "plain: rolled back\n"), back.stderr
    assert wait(lambda: cluster.facts("plain")["version"] == "v1")
