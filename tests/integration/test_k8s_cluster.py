"""The life of an application on a real cluster: TEST_KUBECONFIG=<file> TEST_NODES='root@ADDRESS ...'."""

import os
import shutil
import signal
from collections.abc import Callable

import pytest

from .cluster import Cluster, ended, needs_cluster
from .place import Place, finish, wait
from .tester import Cli, build_broken_example

pytestmark = [pytest.mark.integration, needs_cluster]
HELLO = "hello from a container, version {}\n"


@pytest.fixture(scope="module", autouse=True)
def broken(cli: Cli) -> None:
    """The version that ends at once is built."""
    build_broken_example(cli)


def test_deploy_again_and_back_and_away(cluster: Cluster) -> None:
    first = cluster.deployed("hello-http")
    assert (first["result"], first["namespace"]) == ("deployed", cluster.namespace)
    assert first["cluster"].startswith(("k8s v", "k3s v", "microk8s v"))
    assert set(first["nodes"]) == {item["metadata"]["name"] for item in cluster.get("nodes")["items"]}
    assert cluster.answer("hello-http") == HELLO.format(1)

    again = cluster.deployed("hello-http")
    assert again["result"] == "unchanged"
    assert {sent["wire"] for sent in again["nodes"].values()} == {0}

    second = cluster.deployed("hello-http", "v2")
    assert second["result"] == "deployed"
    assert wait(lambda: cluster.answer("hello-http") == HELLO.format(2))

    back = cluster("hello-http", "--rollback")
    assert (back.status, back.stdout) == (0, "hello-http: rolled back\n"), back.stderr
    assert wait(lambda: cluster.answer("hello-http") == HELLO.format(1))
    none = cluster("hello-http", "--rollback")
    assert (none.status, none.stderr) == (
        1,
        "error: there is no version of 'hello-http' before this one [no-previous]\n"
        "  hint: remove it: k8s-deploy hello-http --delete\n",
    )

    cluster.delete("hello-http")
    gone = cluster("hello-http", "--delete")
    assert (gone.status, gone.stderr) == (
        1,
        "error: the namespace has nothing of 'hello-http' [not-deployed]\n"
        "  hint: look elsewhere: --namespace, --context; or deploy it\n",
    )


def test_status_and_logs(cluster: Cluster) -> None:
    digest = cluster.deployed("plain", "v1", "--env", "GREETING=one")
    cluster.deployed("plain", "v2")
    assert digest["name"] == "plain"

    state = cluster.status("plain")
    [workload] = state.pop("workloads")
    [pod] = workload.pop("pods")
    assert (state["rollback"], state["pending"], list(state["digests"])) == (True, False, [""])
    assert workload == {"kind": "Deployment", "name": "plain", "wanted": 1, "ready": 1, "state": "up"}
    assert (pod["state"], pod["restarts"]) == ("ready", 0)
    text = cluster("plain", "--status").stdout.splitlines()
    short = state["digests"][""][:19]
    assert text[0].split() == ["NAME", "WORKLOAD", "STATE", "NODE", "DIGEST", "ROLLBACK"]
    assert text[1].split() == ["plain", "Deployment", "plain", "up", "(1", "of", "1)", short, "yes"]
    assert text[2].split() == [pod["name"], "ready", pod["node"]]
    assert cluster("--status").stdout.splitlines() == text

    assert cluster("plain", "--logs").stdout == f"[pod/{pod['name']}/plain] tester v2 starts\n"
    following = cluster.cli.start(*cluster.words("plain", "--logs", "-f"))
    assert following.stdout and following.stdout.readline().endswith("tester v2 starts\n")
    os.killpg(following.pid, signal.SIGINT)
    assert finish(following).status == 130


def test_a_version_that_does_not_come_up_is_taken_back(cluster: Cluster) -> None:
    cluster.deployed("hello-http")

    assert cluster.refused("hello-http", "broken", "--timeout", "60s") == (
        "Deployment 'hello-http' did not come up [not-up]\n"
        "  hello-http-POD on NODE: ENDED: exit status 1\n"
        "    | hello-http: /etc/hello-http.conf: No such file or directory\n"
        "  hint: the version before runs again\n"
    )
    assert cluster.answer("hello-http") == HELLO.format(1)
    assert cluster.status("hello-http")["pending"] is False
    assert cluster.deployed("hello-http")["result"] == "unchanged"


def test_a_first_version_that_does_not_come_up_is_gone_again(cluster: Cluster) -> None:
    before = cluster.everything()
    text = cluster.refused("plain", "v1", "--env", "MODE=crash", "--timeout", "60s")

    assert text == (
        "Deployment 'plain' did not come up [not-up]\n"
        "  plain-POD on NODE: ENDED: exit status 3\n"
        "    | tester v1 starts\n"
        "    | no luck today\n"
        "  hint: it was the first version, and is gone again\n"
    )
    ended(cluster, before)


def test_it_can_be_left_as_it_is(cluster: Cluster) -> None:
    text = cluster.refused("plain", "v1", "--env", "MODE=crash", "--no-undo", "--timeout", "60s")

    assert text.endswith(
        "  hint: look at it: k8s-deploy plain --status; go back: k8s-deploy plain --rollback\n"
    )
    assert cluster.status("plain")["pending"] is True
    assert cluster.deployed("plain")["result"] == "deployed"


def test_two_applications_side_by_side(cluster: Cluster) -> None:
    cluster.deployed("hello-http")
    cluster.deployed("plain")
    cluster.deployed("hello-http", "v2", "--name", "other")

    assert cluster.answer("hello-http") == HELLO.format(1)
    assert cluster.answer("other") == HELLO.format(2)
    cluster.delete("other")
    assert cluster.answer("hello-http") == HELLO.format(1)
    assert cluster.facts("plain")["version"] == "v1"


def test_what_somebody_else_made_is_not_touched(cluster: Cluster) -> None:
    cluster.kubectl("create", "service", "clusterip", "hello-http", "--tcp=1")
    try:
        assert cluster.refused("hello-http") == (
            "the Service 'hello-http' of the namespace is not of 'hello-http' [not-ours]\n"
            "  it has no label of ours\n"
            "  hint: choose another name or namespace: --name, --namespace\n"
        )
        assert not cluster.has("deployment", "hello-http")
    finally:
        cluster.kubectl("delete", "service", "hello-http")


def test_a_field_that_somebody_else_changed(cluster: Cluster) -> None:
    cluster.deployed("plain")
    cluster.kubectl("set", "env", "deployment/plain", "GREETING=theirs")

    text = cluster.refused("plain", "v1", "--env", "GREETING=ours")
    assert text.splitlines()[0] == "'kubectl-set' has changed what is to be changed [conflict]"
    assert text.endswith("  hint: compare: --dry-run; then take it: --force-conflicts\n")
    assert 'env[name="GREETING"].value' in text
    cluster.deployed("plain", "v1", "--env", "GREETING=ours", "--force-conflicts")
    assert wait(lambda: cluster.facts("plain")["greeting"] == "ours")


def test_replicas_are_left_to_who_scales(cluster: Cluster) -> None:
    cluster.deployed("plain")
    cluster.kubectl("scale", "deployment/plain", "--replicas=2")

    cluster.deployed("plain", "v2")
    assert cluster.status("plain")["workloads"][0]["ready"] == 2


def test_a_dry_run_changes_nothing(cluster: Cluster) -> None:
    before = cluster.everything()
    done = cluster("plain", "--dry-run", version="v1")

    assert done.status == 0, done.stderr
    assert "+  name: plain" in done.stdout
    assert done.stdout.count("# node ") == len(cluster.get("nodes")["items"])
    assert cluster.everything() == before


def test_ctrl_c_in_the_middle_and_then_again(cluster: Cluster) -> None:
    cluster.deployed("plain")
    process = cluster.cli.start(*cluster.words("plain", "--env", "MODE=crash", version="v2"))
    wait(lambda: "MODE" in str(cluster.get("deployments")), 30)  # it is in the cluster's hands
    os.killpg(process.pid, signal.SIGINT)
    done = finish(process)

    assert done.status == 130
    assert cluster.status("plain")["pending"]
    told = "plain: the cluster goes on without us: k8s-deploy plain --status"
    assert done.stderr.splitlines()[-2:] == [told, "error: interrupted"]
    assert cluster.facts("plain")["version"] == "v1"
    assert cluster.deployed("plain", "v2")["result"] == "deployed"
    assert wait(lambda: cluster.facts("plain")["version"] == "v2")
    assert cluster.status("plain")["pending"] is False


@pytest.fixture
def big(cli: Cli) -> None:
    """Two versions of an image of 60 MB that differ in one file."""
    if not (cli.home / "v1/big-latest-oci").exists():
        base = cli.home / "big-base"
        shutil.copytree(cli.home / "tester-tree-v1", base, symlinks=True)
        (base / "usr/share").mkdir(parents=True)
        (base / "usr/share/data").write_bytes(os.urandom(60_000_000))
        cli.build(
            "ground", "--from", str(base), "--entrypoint", "/bin/busybox", "-o", str(cli.home / "ground")
        )
        for version in ("v1", "v2"):
            tree = cli.home / f"big-tree-{version}"
            shutil.copytree(cli.home / f"tester-tree-{version}", tree, symlinks=True)
            spec = cli.home / "big.yaml"
            spec.write_text(
                (cli.home / "plain.yaml").read_text() + f"base: {cli.home}/ground/ground-latest-oci\n"
            )
            cli.build("big", "--from", str(tree), "-f", str(spec), "-o", str(cli.home / version))


def test_a_change_costs_no_more_than_on_a_target(
    big: None, cluster: Cluster, at: Callable[[str], Place]
) -> None:
    place = at("containerd")
    place.deployed("big")
    with place.metered() as link:
        place.deployed("big", "v2")
    cluster.deployed("big")
    sent = cluster.deployed("big", "v2")["nodes"]

    assert link.received < 1_000_000
    assert min(each["wire"] for each in sent.values()) <= 1.1 * link.received
