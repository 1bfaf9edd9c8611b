"""Real kubectl and an API server of ours: the life of a deployment, and every refusal with its text."""

import json
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from .apisite import ApiSite, program, site, valid
from .kubeapi.server import Api, kubeconfig, served
from .kubeapi.store import Object, RefusedError
from .place import Place, wait
from .test_crio import put
from .test_pflask import install

__all__ = ["site"]
BOTH = pytest.mark.parametrize("site", ["debian", "newer"], indirect=True)
pytestmark = pytest.mark.integration
At = Callable[[str], Place]
NOBODY = "system:serviceaccount:shop:nobody"
LOW = "limits.memory=48M, used: limits.memory=0, limited: limits.memory=16Mi"


@BOTH
def test_the_life_of_a_deployment(site: ApiSite) -> None:
    assert site.deployed("plain") == "deployed"
    first = site.image()
    assert {each.partition("/")[0] for each in site.there()} == {
        "deployments", "networkpolicies", "pods", "replicasets", "secrets", "serviceaccounts", "services",
    }  # fmt: skip
    assert site.deployed("plain") == "unchanged"
    assert site.deployed("plain", "v2") == "deployed"
    assert site.image() != first
    held = site.node.sh("ctr -n k8s.io images ls -q").split()
    assert {first, site.image()} <= {*held}

    back = site("plain", "--rollback")
    assert (back.status, back.stdout, site.image()) == (0, "plain: rolled back\n", first), back.stderr
    state = site("plain", "--status", "--format", "json").json()[0]
    assert state["workloads"][0]["state"] == "up"  # type: ignore[index]  # it is JSON
    site.api.clock.logs = {first: "tester v1 starts\n"}
    assert site("plain", "--logs").stdout.endswith("tester v1 starts\n")

    gone = site("plain", "--delete")
    assert (gone.status, gone.stdout, site.there()) == (0, "plain: removed\n", []), gone.stderr
    assert site.node.sh("ctr -n k8s.io content ls -q").split() == []


@BOTH
def test_a_dry_run_tells_and_changes_nothing(site: ApiSite) -> None:
    done = site("plain", "--dry-run", version="v1")

    assert done.status == 0, done.stderr
    assert "# node edge: image localhost/plain:sha256-" in done.stdout
    assert "+kind: Deployment" in done.stdout
    assert site.there() == []


@BOTH
def test_a_bad_version_is_undone(site: ApiSite) -> None:
    site.deployed("plain")
    before, first = site.there(), site.image()
    site.api.clock.fails, site.api.clock.logs = (
        {"crash": "CrashLoopBackOff"},
        {"crash": "one\nno luck today\n"},
    )

    text = site.refused("plain", "v2", "--env", "MODE=crash")
    pod = text.splitlines()[1].split()[0]
    assert text == (
        "Deployment 'plain' did not come up [not-up]\n"
        f"  {pod} on edge: CrashLoopBackOff: exit status 3\n"
        "    | one\n"
        "    | no luck today\n"
        "  hint: the version before runs again\n"
    )
    assert (site.there(), site.image()) == (before, first) or site.image() == first
    assert site.deployed("plain") == "unchanged"


def test_a_bad_first_version_is_gone_again(site: ApiSite) -> None:
    site.api.clock.fails = {"plain": "ImagePullBackOff"}

    text = site.refused()
    pod, wanted = (line.split() for line in text.splitlines()[1:3])
    assert text == (
        "Deployment 'plain' did not come up [not-up]\n"
        f'  {pod[0]} on edge: ImagePullBackOff: Back-off pulling image "{wanted[1]}"\n'
        f"  wanted: {wanted[1]}\n"
        "  on edge: none of that name\n"
        "  hint: it was the first version, and is gone again\n"
    )
    assert site.there() == []


def test_what_nobody_may(site: ApiSite) -> None:
    for verb, resource in (("list", "nodes"), ("patch", "deployments")):
        site.api.forbidden = {(verb, resource): NOBODY}
        text = site.refused()
        assert text.splitlines()[0] == f"you may not {verb} {resource} there [forbidden]"
        assert text.endswith(f"  hint: ask for a role that may; see: kubectl auth can-i {verb} {resource}\n")
    assert site.there() == []
    site.api.unauthorized = True
    assert site.refused().splitlines()[0] == "the cluster does not know you [unauthorized]"


def test_a_namespace_that_is_not_there(site: ApiSite) -> None:
    assert site.refused("plain", "v1", "--namespace", "nirgends") == (
        "the cluster has no namespace 'nirgends' [no-namespace]\n"
        '  Error from server (NotFound): namespaces "nirgends" not found\n'
        "  hint: make it: kubectl create namespace nirgends; or choose another: --namespace\n"
    )


@pytest.mark.parametrize(
    ("why", "first", "hint"),
    [
        (
            f"exceeded quota: small, requested: {LOW}",
            "the quota 'small' of the namespace does not allow it [quota]",
            "ask for less: resources: in container.yaml, or fewer replicas",
        ),
        (
            'violates PodSecurity "restricted:latest": runAsNonRoot != true',
            "the namespace's Pod Security Standard 'restricted:latest' does not allow it [pod-security]",
            "leave that out of container.yaml, or choose another namespace: --namespace",
        ),
        (
            'pod rejected: RuntimeClass "missing" not found',
            "the cluster has no RuntimeClass 'missing' [no-runtime-class]",
            "kubectl get runtimeclasses shows those that there are",
        ),
    ],
)
def test_pods_that_are_not_taken(site: ApiSite, why: str, first: str, hint: str) -> None:
    def ask(made: Object) -> None:
        if made["kind"] == "Pod":
            raise RefusedError(403, "Forbidden", f'pods "{made["metadata"]["name"]}" is forbidden: {why}')

    site.api.store.admit.append(ask)
    text = site.refused().replace('error when creating "STDIN": ', "")  # the old kubectl does not say it
    pod = 'Error from server (Forbidden): pods "plain-check" is forbidden'
    assert text == f"{first}\n  {pod}: {why}\n  hint: {hint}\n"
    assert site.there() == []


def test_a_field_that_can_not_be_changed(site: ApiSite) -> None:
    site.deployed("plain")
    [found] = site.api.store.find("deployments", "shop")
    found["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"] = "other"

    text = site.refused("plain", "v2")
    assert text.splitlines()[0] == "a field that can't be changed would be changed [immutable]"
    assert text.endswith("  hint: delete what is there, and deploy it anew: k8s-deploy NAME --delete\n")


def test_a_field_that_somebody_else_changed(site: ApiSite) -> None:
    site.deployed("plain")
    image = {"name": "plain", "image": "theirs"}
    fields = {"metadata": {"name": "plain"}, "spec": {"template": {"spec": {"containers": [image]}}}}
    site.api.store.patch(("deployments", "shop", "plain"), fields, "kubectl-set")

    assert site.refused("plain", "v2") == (
        "'kubectl-set' has changed what is to be changed [conflict]\n"
        '  error: Apply failed with 1 conflict: conflict with "kubectl-set" using apps/v1: '
        '.spec.template.spec.containers[name="plain"].image\n'
        "  hint: compare: --dry-run; then take it: --force-conflicts\n"
    )
    assert site.deployed("plain", "v2", "--force-conflicts") == "deployed"
    assert site.image().startswith("localhost/plain:sha256-")


def test_what_is_not_ours(site: ApiSite) -> None:
    theirs: Object = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "plain", "namespace": "shop"},
    }
    site.api.store.put("services", theirs)

    assert site.refused() == (
        "the Service 'plain' of the namespace is not of 'plain' [not-ours]\n"
        "  it has no label of ours\n"
        "  hint: choose another name or namespace: --name, --namespace\n"
    )


def test_what_others_of_the_namespace_have_is_not_ours(site: ApiSite, tmp_path: Path) -> None:
    """A container is reached by its own name: an application of another name is of no use."""
    (tmp_path / "app.yaml").write_text("containers: {cache: {image: plain}}")
    there: Object = {"name": "cache", "namespace": "shop", "labels": {"app.kubernetes.io/name": "redis"}}
    site.api.store.put("services", {"apiVersion": "v1", "kind": "Service", "metadata": there})

    assert site.refused(str(tmp_path / "app.yaml"), "v1", "--name", "shop").endswith(
        "the Service 'cache' of the namespace is not of 'shop' [not-ours]\n"
        "  it is of 'redis'\n"
        "  hint: call the container otherwise, or choose another namespace: --namespace\n"
    )


def test_nodes_of_another_architecture(site: ApiSite) -> None:
    [node] = site.api.store.find("nodes", "")
    node["metadata"]["labels"]["kubernetes.io/arch"] = "riscv64"

    who = "the image of 'plain' is for amd64, and its pods may run on edge (riscv64)"
    assert site.refused() == (
        f"{who} [wrong-architecture]\n"
        "  hint: give one for these, too: --also DIR; keep them away from there: --pin-architecture; or "
        "choose nodes: kubernetes: node_selector:\n"
    )
    assert site.refused("plain", "v1", "--pin-architecture") == (
        "no node may run 'plain' [no-node]\n"
        "  nodes: edge (riscv64)\n"
        "  hint: look at them: kubectl get nodes --show-labels\n"
    )


def test_a_cluster_that_is_not_there(site: ApiSite) -> None:
    raw = json.loads(site.kubeconfig.read_text())
    raw["clusters"][0]["cluster"]["server"] = "http://127.0.0.1:1"
    site.kubeconfig.write_text(json.dumps(raw))
    site.api.answers.append(site.api.store.find("nodes", "")[0])

    assert site.refused() == (
        "the cluster can't be reached [unreachable]\n"
        "  The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?\n"
        "  hint: is it on, and its address in the kubeconfig right? try: kubectl cluster-info\n"
    )


@pytest.mark.parametrize("which", ["debian", "newer"])
def test_by_way_of_a_machine_of_the_cluster(at: At, tmp_path: Path, which: str) -> None:
    """Its kubectl is part of another program there, and knows the cluster."""
    node, api = at("containerd"), Api(version="v1.32.1+k3s1")
    install(node.board, program(which), "/usr/local/bin/real-kubectl")
    script = '#!/bin/sh\nwhat=$1\nshift\n[ $what != ctr ] || exec ctr "$@"\n'
    script += 'exec /usr/local/bin/real-kubectl --kubeconfig /etc/k3s.json "$@"\n'
    put(node.board, "/usr/local/bin/k3s", script, "755")
    with ExitStack() as stack:
        port = stack.enter_context(served(api))
        put(node.board, "/etc/k3s.json", kubeconfig(tmp_path, port).read_text())
        words = (
            "ssh",
            "-F",
            node.board.ssh_config,
            "-N",
            "-R",
            f"127.0.0.1:{port}:127.0.0.1:{port}",
            node.alias,
        )
        tunnel = stack.enter_context(subprocess.Popen(words, stderr=subprocess.DEVNULL))
        stack.callback(tunnel.terminate)
        wait(lambda: node.sh(f"curl -sf http://127.0.0.1:{port}/version"))
        via = ("--via", node.alias, *node.ssh)
        done = node.cli("k8s-deploy", "plain", "-o", f"{node.cli.home}/v1", *via, "--format", "json")
        assert done.status == 0, done.stderr
        [record] = done.json()
        assert (record["result"], record["cluster"]) == ("deployed", "k3s v1.36.2")
        assert "localhost/plain:sha256-" in node.sh("ctr -n k8s.io images ls -q")
        gone = node.cli("k8s-deploy", "plain", "--delete", *via)
        assert (gone.status, gone.stdout) == (0, "plain: removed\n"), gone.stderr
    assert [each for each in api.store.objects if each[1] == "shop"] == []
    assert valid(api)
