"""What else can run on a real cluster, and what it refuses: TEST_KUBECONFIG, TEST_NODES."""

import json
from pathlib import Path

import pytest

from .cluster import Cluster, application, ended, namespace, needs_cluster
from .place import wait
from .tester import Cli

pytestmark = [pytest.mark.integration, needs_cluster]

SHOP = """\
name: shop
containers:
  web:
    image: plain
    needs: [db, "init:completed"]
    env: {PORT: "8091", GREETING: web, PEER: "db:8092"}
    ports: [8091]
    secrets: [token]
    configs: [{source: app, target: /etc/tester/app.conf}]
  db:
    image: tester
    env: {PORT: "8092", GREETING: db}
    ports: [8092]
    kubernetes: {kind: StatefulSet, storage: temporary}
  init:
    image: plain
    env: {MODE: job}
    restart: "no"
secrets: {token: {file: token}}
configs: {app: {content: 'level = "5 $x"'}}
"""
ONE = "name: shop\ncontainers:\n  one: {{image: plain, {}}}\n"


def shop(directory: Path, more: str) -> str:
    return application(directory, ONE.format(more))


def test_containers_find_each_other_by_name_in_their_order(cluster: Cluster, tmp_path: Path) -> None:
    file = application(tmp_path, SHOP)
    cluster.deployed(file)

    facts = wait(lambda: cluster.facts("shop-web", 8091))
    assert (facts["version"], facts["peer"], facts["secret"]) == ("v1", "db", "s3cret")
    assert facts["config"] == 'level = "5 $x"'
    kinds = {each["kind"]: each["state"] for each in cluster.status("shop")["workloads"]}
    assert kinds == {"Deployment": "up", "StatefulSet": "up", "Job": "finished"}

    (tmp_path / "token").write_text("other")
    cluster.deployed(file, "v2")
    assert wait(lambda: cluster.facts("shop-web", 8091)["secret"] == "other")
    assert cluster.facts("shop-web", 8091)["version"] == "v2"
    cluster.delete("shop")


def test_a_stateful_set_that_does_not_come_up_is_taken_back(cluster: Cluster, tmp_path: Path) -> None:
    """Its controller would wait for the broken pod for ever."""
    more = "kubernetes: {{kind: StatefulSet}}, env: {{MODE: {}}}, ports: [8090]"
    cluster.deployed(shop(tmp_path, more.format("fine")))

    text = cluster.refused(shop(tmp_path, more.format("crash")), "v2", "--timeout", "40s")
    assert text == (
        "StatefulSet 'shop-one' did not come up [not-up]\n"
        "  shop-one-0 on NODE: ENDED: exit status 3\n"
        "    | tester v2 starts\n"
        "    | no luck today\n"
        "  hint: the version before runs again\n"
    )
    assert wait(lambda: cluster.facts("shop-one")["version"] == "v1")


def test_a_daemon_is_on_every_node_and_a_bad_one_is_taken_back(cluster: Cluster, tmp_path: Path) -> None:
    more = "kubernetes: {{kind: DaemonSet}}, env: {{MODE: {}}}, ports: [8090]"
    cluster.deployed(shop(tmp_path, more.format("fine")))

    [daemon] = cluster.status("shop")["workloads"]
    nodes = {item["metadata"]["name"] for item in cluster.get("nodes")["items"]}
    assert {pod["node"] for pod in daemon["pods"]} == nodes
    text = cluster.refused(shop(tmp_path, more.format("crash")), "v2", "--timeout", "40s")
    assert text.splitlines()[0] == "DaemonSet 'shop-one' did not come up [not-up]"
    assert cluster.status("shop")["workloads"][0]["ready"] == len(nodes)


def test_a_job_ends_and_another_one_takes_its_place(cluster: Cluster, tmp_path: Path) -> None:
    more = 'restart: "no", env: {{MODE: job, CODE: "{}"}}'
    cluster.deployed(shop(tmp_path, more.format(0)))
    wait(lambda: cluster.status("shop")["workloads"][0]["state"] == "finished", 20)
    first = cluster.status("shop")["workloads"][0]["name"]

    text = cluster.refused(shop(tmp_path, more.format(4)), "v2")
    lines = text.splitlines()
    assert lines[0].startswith("Job 'shop-one-") and lines[0].endswith("' did not come up [not-up]")
    assert [line.strip() for line in lines[2:]] == [
        f"{lines[2].strip().partition(':')[0]}: ENDED: exit status 4",
        "| tester v2 starts",
        "hint: the version before runs again",
    ]
    assert [each["name"] for each in cluster.status("shop")["workloads"]] == [first]


def test_a_cron_job_is_there_and_waits(cluster: Cluster, tmp_path: Path) -> None:
    more = 'env: {MODE: job}, restart: "no", kubernetes: {schedule: "0 3 * * *"}'
    cluster.deployed(shop(tmp_path, more))

    assert cluster.status("shop")["workloads"] == [
        {"kind": "CronJob", "name": "shop-one", "wanted": 0, "ready": 0, "state": "up", "pods": []}
    ]
    cluster.kubectl("create", "job", "now", "--from=cronjob/shop-one")
    cluster.kubectl("wait", "--for=condition=complete", "job/now", "--timeout=30s")
    cluster.kubectl("delete", "job", "now")


def test_a_runtime_class(cluster: Cluster, tmp_path: Path) -> None:
    before = cluster.everything()
    missing = "kubernetes: {runtime_class: missing}"
    text = cluster.refused(shop(tmp_path, missing))
    assert text == (
        "the cluster has no RuntimeClass 'missing' [no-runtime-class]\n"
        '  Error from server (Forbidden): error when creating "STDIN": pods "shop-one-check" is forbidden: '
        'pod rejected: RuntimeClass "missing" not found\n'
        "  hint: kubectl get runtimeclasses shows those that there are\n"
    )
    assert cluster.everything() == before
    if not cluster.has("runtimeclass", "runc"):
        pytest.skip("the cluster has no RuntimeClass runc")
    cluster.deployed(shop(tmp_path, "kubernetes: {runtime_class: runc}, ports: [8090]"))
    assert cluster.facts("shop-one")["version"] == "v1"


def test_storage_that_is_not_there_is_told(cluster: Cluster) -> None:
    if cluster.get("storageclasses")["items"]:
        pytest.skip("the cluster has storage")
    assert cluster.refused("tester") == (
        "the cluster has no default StorageClass for the volume 'tester-data' [no-storage]\n"
        "  there is: none\n"
        "  hint: choose one: kubernetes: storage_class: in container.yaml; or storage: temporary\n"
    )


def test_a_device_of_the_node(cluster: Cluster) -> None:
    cluster.kubectl(
        "label",
        "namespace",
        cluster.namespace,
        "pod-security.kubernetes.io/enforce=privileged",
        "--overwrite",
    )
    cluster.deployed("plain", "v1", "--device", "/dev/null:/dev/given")

    assert cluster.facts("plain")["device"] == "open"


def test_a_second_network(cluster: Cluster, tmp_path: Path) -> None:
    if not cluster.has("crd", "network-attachment-definitions.k8s.cni.cncf.io"):
        pytest.skip("the cluster has no multus")
    text = ONE.format("networks: [plant], ports: [8090]")
    text += "networks: {plant: {driver: macvlan, parent: eth0, subnet: 192.168.77.0/24}}\n"
    cluster.deployed(application(tmp_path, text))

    facts = cluster.facts("shop-one")
    assert "/sys/class/net/net1" in facts["links"].split()
    assert any(address.startswith("192.168.77.") for address in facts["addresses"].split())


def test_a_quota(cluster: Cluster) -> None:
    before = cluster.everything()
    cluster.kubectl("create", "quota", "small", "--hard=limits.memory=16Mi")
    try:
        assert cluster.refused("plain") == (
            "the quota 'small' of the namespace does not allow it [quota]\n"
            '  Error from server (Forbidden): error when creating "STDIN": pods "plain-check" is forbidden: '
            "exceeded quota: small, requested: limits.memory=50331648, used: limits.memory=0, limited: "
            "limits.memory=16Mi\n"
            "  hint: ask for less: resources: in container.yaml, or fewer replicas\n"
        )
        assert cluster.everything() == before
    finally:
        cluster.kubectl("delete", "quota", "small")


def test_a_namespace_that_is_not_there(cluster: Cluster, cli: Cli) -> None:
    elsewhere = Cluster(cli, f"{cluster.namespace}-x")
    assert elsewhere.refused("plain") == (
        "the cluster has no namespace 'NAMESPACE' [no-namespace]\n"
        '  Error from server (NotFound): namespaces "NAMESPACE" not found\n'
        "  hint: make it: kubectl create namespace NAMESPACE; or choose another: --namespace\n"
    )


def test_a_restricted_namespace_takes_what_is_not_root(cli: Cli, tmp_path: Path) -> None:
    with namespace(cli, enforce="restricted") as strict:
        if strict.version < (1, 23):
            pytest.skip("the cluster is older than Pod Security Standards")
        before = strict.everything()
        spec = tmp_path / "root.yaml"
        spec.write_text((cli.home / "plain.yaml").read_text() + 'user: "0"\n')
        tree = str(cli.home / "tester-tree-v1")
        cli.build("rooted", "--from", tree, "-f", str(spec), "-o", str(cli.home / "v1"))
        root = strict.refused("rooted")
        assert root.splitlines()[0] == (
            "the namespace's Pod Security Standard 'restricted:latest' does not allow it [pod-security]"
        )
        assert "runAsNonRoot != true" in root
        assert strict.everything() == before
        strict.deployed("hello-http")
        assert strict.answer("hello-http") == "hello from a container, version 1\n"
        strict.delete("hello-http")
        ended(strict, before)


def test_who_may_do_nothing_is_told(cluster: Cluster, cli: Cli, tmp_path: Path) -> None:
    """And the certificate of who once could has expired: then the cluster does not know who asks."""
    cluster.kubectl("create", "serviceaccount", "nobody")
    try:
        token = cluster.kubectl("create", "token", "nobody").strip()
        raw = json.loads(cluster.kubectl("config", "view", "--raw", "--minify", "--output=json"))
        messages = {}
        for name, given in (("nobody", token), ("stranger", "nonsense")):
            raw["users"][0]["user"] = {"token": given}
            (tmp_path / name).write_text(json.dumps(raw))
            own = Cluster(cli, cluster.namespace, str(tmp_path / name))
            messages[name] = own.refused("plain")
    finally:
        cluster.kubectl("delete", "serviceaccount", "nobody")

    assert messages["nobody"] == (
        "you may not list nodes there [forbidden]\n"
        "  Error from server (Forbidden): nodes is forbidden: User "
        '"system:serviceaccount:NAMESPACE:nobody" cannot list resource "nodes" in API group "" at the '
        "cluster scope\n"
        "  hint: ask for a role that may; see: kubectl auth can-i list nodes\n"
    )
    assert messages["stranger"] == (
        "the cluster does not know you [unauthorized]\n"
        "  error: You must be logged in to the server (the server has asked for the client to provide "
        "credentials)\n"
        "  hint: fetch the kubeconfig again, as its certificate may have expired; or log in\n"
    )
