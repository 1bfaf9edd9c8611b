"""A real Kubernetes cluster with the command that deploys to it, in a namespace made for the tests."""

import json
import os
import re
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from .place import wait
from .tester import Cli, Done

WANTED = (
    "TEST_KUBECONFIG=<kubeconfig of a cluster's administrator> and TEST_NODES='root@ADDRESS ...' (its nodes, "
    "by ssh; TEST_SSH_KEY=<key>) are not set: a board with k3s will do"
)
KINDS = (
    "all,secrets,configmaps,serviceaccounts,networkpolicies,persistentvolumeclaims,poddisruptionbudgets,"
    "controllerrevisions"
)


def given() -> bool:
    """Whether there is a cluster."""
    return {"TEST_KUBECONFIG", "TEST_NODES"} <= set(os.environ)


class Cluster:
    """One namespace of a cluster."""

    def __init__(self, cli: Cli, namespace: str, kubeconfig: str = "") -> None:
        self.cli, self.namespace = cli, namespace
        self.kubeconfig = kubeconfig or os.environ["TEST_KUBECONFIG"]
        self.program = os.environ.get("TEST_KUBECTL", "kubectl")

    def kubectl(self, *words: str, stdin: str = "") -> str:
        """What kubectl prints, asked for this namespace."""
        done = self.ask(*words, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(self, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        command = (self.program, "--kubeconfig", self.kubeconfig, "--namespace", self.namespace, *words)
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=120)

    def get(self, *words: str) -> Any:
        return json.loads(self.kubectl("get", *words, "--output=json"))

    def has(self, kind: str, name: str) -> bool:
        """Whether there is an object of that name; not where the kind itself is unknown."""
        return self.ask("get", kind, name).returncode == 0

    @property
    def version(self) -> tuple[int, int]:
        found = json.loads(self.kubectl("version", "--output=json"))["serverVersion"]
        return int(found["major"]), int(re.sub(r"\D.*", "", found["minor"]))

    @property
    def options(self) -> tuple[str, ...]:
        """What chooses the cluster and leads to its nodes."""
        key = os.environ.get("TEST_SSH_KEY", "")
        identity = ("--ssh-option", f"IdentityFile={key}", "--no-host-check") if key else ()
        return ("--kubeconfig", self.kubeconfig, "--namespace", self.namespace, *self.nodes(), *identity)

    def nodes(self) -> Iterator[str]:
        """--node for each node whose address is among TEST_NODES."""
        for target in os.environ["TEST_NODES"].split():
            for item in json.loads(self.ask("get", "nodes", "--output=json").stdout or '{"items": []}')[
                "items"
            ]:
                addresses = [each["address"] for each in item["status"]["addresses"]]
                if target.rpartition("@")[2] in addresses:
                    yield from ("--node", f"{item['metadata']['name']}={target}")

    def words(self, *words: str, version: str = "") -> tuple[str, ...]:
        images = ("-o", f"{self.cli.home}/{version}") if version else ()
        return ("k8s-deploy", *words, *images, *self.options)

    def __call__(self, *words: str, version: str = "") -> Done:
        return self.cli(*self.words(*words, version=version), timeout=200)

    def deployed(self, name: str, version: str = "v1", *options: str) -> dict[str, Any]:
        """Deploy, which must succeed, and give the record of it."""
        done = self(name, "--format", "json", *options, version=version)
        assert done.status == 0, done.stderr
        return done.json()[0]

    def refused(self, name: str, version: str = "v1", *options: str) -> str:
        """Deploy, which must fail, and give the error as it always is: without names made by chance."""
        done = self(name, *options, version=version)
        assert (done.status, done.stdout) == (1, ""), done
        return self.normal(done.stderr.partition("error: ")[2])

    def normal(self, text: str) -> str:
        text = re.sub(r"\b([a-z-]+)-[0-9a-f]{8,10}-[a-z0-9]{5}\b", r"\1-POD", text)
        text = re.sub(r"(CrashLoopBackOff|Error): exit", "ENDED: exit", text)  # as a look meets it
        # who deploys may not be allowed to look at nodes
        named = Cluster(self.cli, self.namespace).kubectl("get", "nodes", "--output=name").split()
        nodes = "|".join(re.escape(name.partition("/")[2]) for name in named)
        text = re.sub(rf"\b({nodes})\b", "NODE", text.replace(self.namespace, "NAMESPACE"))
        return re.sub(r"sha256-[0-9a-f]{64}", "sha256-DIGEST", text)

    def delete(self, name: str, *options: str) -> None:
        done = self(name, "--delete", *options)
        assert (done.status, done.stdout) == (0, f"{name}: removed\n"), done.stderr

    def answer(self, service: str, port: int = 8080, path: str = "/", patience: float = 10) -> str:
        """What the Service answers, by way of the API server."""
        place = f"/api/v1/namespaces/{self.namespace}/services/{service}:{port}/proxy{path}"

        def look() -> str:
            done = self.ask("get", "--raw", place)
            assert done.returncode == 0, done.stderr
            return done.stdout

        return str(wait(look, patience))

    def facts(self, service: str, port: int = 8090) -> Mapping[str, str]:
        """What `tester` sees from inside."""
        lines = self.answer(service, port, "/cgi-bin/facts").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def everything(self) -> list[str]:
        """All that there is in the namespace but what a cluster puts into each, and what just ends."""
        kinds = KINDS
        if self.has("crd", "network-attachment-definitions.k8s.cni.cncf.io"):
            kinds += ",network-attachment-definitions"
        names = self.kubectl("get", kinds, "--output=name").split()
        return sorted(set(names) - {"configmap/kube-root-ca.crt", "serviceaccount/default"})

    def status(self, name: str) -> dict[str, Any]:
        done = self(name, "--status", "--format", "json")
        assert done.status == 0, done.stderr
        return done.json()[0]

    def on_node(self, script: str, number: int = 0) -> str:
        """What *script* prints on one of the nodes."""
        target = os.environ["TEST_NODES"].split()[number]
        key = os.environ.get("TEST_SSH_KEY", "")
        identity = (
            ("-i", key, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null") if key else ()
        )
        done = subprocess.run(("ssh", *identity, target, script), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def namespace(cli: Cli, **labels: str) -> Iterator[Cluster]:
    """A namespace that is gone in the end."""
    made = Cluster(cli, f"devtool-test-{uuid.uuid4().hex[:8]}")
    made.kubectl("create", "namespace", made.namespace)
    try:
        for key, value in labels.items():
            name = f"pod-security.kubernetes.io/{key}"
            made.kubectl("label", "namespace", made.namespace, f"{name}={value}")
        wait(lambda: made.has("serviceaccount", "default"), 20)
        yield made
    finally:
        made.kubectl("delete", "namespace", made.namespace, "--wait=true", "--timeout=100s")


def ended(cluster: Cluster, before: list[str]) -> None:
    """Wait until the namespace has what it had *before*: what controllers made goes after its owner."""
    deadline = time.monotonic() + 20
    while (now := cluster.everything()) != before:
        assert time.monotonic() < deadline, sorted(set(now) ^ set(before))
        time.sleep(0.3)


def application(directory: Path, text: str) -> str:
    """The path of an application's file with *text*."""
    (directory / "token").write_text("s3cret")
    path = directory / "shop.yaml"
    path.write_text(text)
    return str(path)


needs_cluster = pytest.mark.skipif(not given(), reason=WANTED)


@pytest.fixture(scope="module")
def shared(cli: Cli) -> Iterator[Cluster]:
    """One namespace for all tests of a module."""
    with namespace(cli) as made:
        yield made


@pytest.fixture
def cluster(shared: Cluster) -> Iterator[Cluster]:
    """A namespace in which nothing is, before and after: what a test leaves of ours is removed."""
    before = shared.everything()
    yield shared
    for name in {each["name"] for each in json.loads(shared("--status", "--format", "json").stdout)}:
        shared.delete(name, "--volumes")
    ended(shared, before)
