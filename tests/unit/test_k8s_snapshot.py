"""What a real cluster (1.36; containerd, CRI-O) told of workloads that came up, and of some that did not."""

# ruff: noqa: E501  what was recorded stays in one piece
from __future__ import annotations

import json
from typing import Any, cast

import pytest

from sdk_hooks.core.deploy.connection import Result
from sdk_hooks.core.k8s import snapshot, trouble
from sdk_hooks.core.k8s.kubectl import Kubectl
from sdk_hooks.core.k8s.rollout import Watch
from sdk_hooks.core.k8s.snapshot import Workload

from .helpers import fails
from .k8smaker import RECORDED

PULL = (
    "unable to pull image or OCI artifact: pull image err: initializing source docker://10.99.0.1:5000/web:"
    "sha256-0000: reading manifest sha256-0000 in 10.99.0.1:5000/web: manifest unknown; artifact err: image "
    "reference: get manifest from ref: create image source: reading manifest sha256-0000 in "
    "10.99.0.1:5000/web: manifest unknown"
)
NEVER = (
    'ErrImageNeverPull: Container image "localhost/web:sha256-{}" is not present with pull policy of Never'
)
DENIED = (
    'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "root" must set '
    'securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "root" must set '
    'securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "root" must set '
    'securityContext.runAsNonRoot=true), seccompProfile (pod or container "root" must set '
    'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'
)
QUOTA = "exceeded quota: small, requested: limits.memory=100Mi, used: limits.memory=0, limited: limits.memory=64Mi"


class Recorded:
    """Answers as kubectl did when the recording of that name was made, and has no logs or events."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get(self, *words: str) -> Any:
        return json.loads((RECORDED / "snapshots" / f"{self.name}.json").read_text())

    def try_(self, *words: str) -> Any:
        return Result(1, "", "")


class Silent:
    """Progress that nobody looks at."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def step(self, text: str) -> None:
        self.lines.append(text)


def kubectl(name: str) -> Kubectl:
    return cast("Kubectl", Recorded(name))


def workload(name: str) -> Workload:
    [found] = snapshot.take(kubectl(name), name).workloads
    return found


@pytest.mark.parametrize(
    ("name", "kind", "counts", "settled", "up"),
    [
        ("ready", "Deployment", (1, 1), True, True),
        ("daemon", "DaemonSet", (2, 2), True, True),
        ("stateful", "StatefulSet", (1, 1), True, True),
        ("done", "Job", (1, 0), True, True),
        ("cron", "CronJob", (0, 0), True, True),
        ("new-ready", "Deployment", (1, 1), False, False),
        ("new-daemon", "DaemonSet", (2, 1), False, False),
        ("new-stateful", "StatefulSet", (1, 0), True, False),
        ("unready", "Deployment", (1, 0), True, False),
        ("failed", "Job", (1, 0), True, False),
    ],
)
def test_whether_it_is_up(name: str, kind: str, counts: tuple[int, int], settled: bool, up: bool) -> None:
    found = workload(name)

    assert (found.kind, (found.wanted, found.ready), found.settled, found.up) == (kind, counts, settled, up)


@pytest.mark.parametrize(
    ("name", "pods"),
    [
        ("new-ready", ["ready-6b95f79cdf-fzm6h"]),
        ("new-daemon", ["daemon-5lx2t"]),
        ("new-stateful", ["stateful-0"]),
        ("quota", []),
        ("failed", ["failed-mrswv"]),
    ],
)
def test_only_pods_of_the_newest_version_count(name: str, pods: list[str]) -> None:
    assert [pod["metadata"]["name"] for pod in workload(name).pods] == pods


@pytest.mark.parametrize(
    ("name", "text", "final", "later"),
    [
        ("never", f"never-855bffbf6f-qm8vf on node1: {NEVER.format('0000')}", True, True),
        ("pull", f"pull-6bdd65f77d-522b4 on node2: ErrImagePull: {PULL}", False, True),
        (
            "oom",
            "oom-6f7b4f969c-dskjc on node2: CrashLoopBackOff: out of memory, exit status 137",
            True,
            True,
        ),
        ("crash", "crash-6ddbfbcbb5-dn9j5 on node1: Error: exit status 3", True, True),
        ("failed", "failed-mrswv on node1: Error: exit status 4", False, False),
        (
            "nowhere",
            "nowhere-74896dbbff-gq2hb: Unschedulable: 0/2 nodes are available: 2 node(s) didn't match Pod's node "
            "affinity/selector",
            False,
            True,
        ),
        (
            "nocommand",
            'nocommand-7dfddb47c5-s8mwb on node2: CreateContainerError: container create failed: time="'
            '2026-11-28T15:25:57Z" level=error msg="runc create failed: unable to start container process: exec: '
            '\\"/no/such/program\\": stat /no/such/program: no such file or directory"',
            False,
            True,
        ),
        ("unready", "unready-57fc77f767-hmcrr on node1: NotReady: it runs and is not ready", False, False),
    ],
)
def test_why_a_pod_is_not_up(name: str, text: str, final: bool, later: bool) -> None:
    [pod] = workload(name).pods
    for age, ends in ((0, final), (20, later)):
        [found] = trouble.of_pod(pod, age)
        assert (str(found), found.final) == (text, ends)


def test_nobody_waits_for_what_a_daemon_has_on_a_node_that_is_not_there() -> None:
    """The controller counts such nodes, too: one machine that is switched off would hold up all the others."""
    recorded = Recorded("daemon").get()
    for item in recorded["items"]:
        if item["kind"] == "DaemonSet":
            item["status"].update(numberAvailable=1, updatedNumberScheduled=1)

    class Changed(Recorded):
        def get(self, *_: str) -> Any:
            return recorded

    [waiting] = snapshot.take(cast("Kubectl", Changed("")), "daemon").workloads
    [left] = snapshot.take(cast("Kubectl", Changed("")), "daemon", {"node2"}).workloads
    assert ((waiting.wanted, waiting.up), (left.wanted, left.up)) == ((2, False), (1, True))
    assert [pod["spec"]["nodeName"] for pod in left.pods] == ["node1"]


@pytest.mark.parametrize("name", ["ready", "daemon", "stateful", "done"])
def test_nothing_is_wrong_with_what_is_up(name: str) -> None:
    assert [each for pod in workload(name).pods for each in trouble.of_pod(pod, 99)] == []


@pytest.mark.parametrize(
    ("name", "workload", "text"),
    [
        (
            "quota",
            "web",
            "Deployment 'web' gets no pods: the quota 'small' of the namespace does not allow it [quota]\n"
            f'  pods "web-c8d6b7ddc-sfn48" is forbidden: {QUOTA}\n'
            "  hint: ask for less: resources: in container.yaml, or fewer replicas",
        ),
        (
            "pod-security",
            "root",
            "Deployment 'root' gets no pods: the namespace's Pod Security Standard 'restricted:latest' does not "
            f'allow it [pod-security]\n  pods "root-79dbd7c658-glkkb" is forbidden: {DENIED}\n'
            "  hint: leave that out of container.yaml, or choose another namespace: --namespace",
        ),
        (
            "no-runtime-class",
            "noclass",
            "Deployment 'noclass' gets no pods: the cluster has no RuntimeClass 'nixda' [no-runtime-class]\n"
            '  pods "noclass-7bfd7cfcd5-" is forbidden: pod rejected: RuntimeClass "nixda" not found\n'
            "  hint: kubectl get runtimeclasses shows those that there are",
        ),
        (
            "no-account",
            "noaccount",
            "Deployment 'noaccount' did not come up [not-up]\n"
            '  pods "noaccount-579456fff6-" is forbidden: error looking up service account tests-b/missing: '
            'serviceaccount "missing" not found',
        ),
        (
            "new-ready",
            "ready",
            "Deployment 'ready' did not come up [not-up]\n"
            f"  ready-6b95f79cdf-fzm6h on node2: {NEVER.format('1111')}\n"
            "  wanted: localhost/web:sha256-1111\n"
            "  on node2: localhost/web:sha256-0000",
        ),
        (
            "oom",
            "oom",
            "Deployment 'oom' did not come up [not-up]\n"
            "  oom-6f7b4f969c-dskjc on node2: CrashLoopBackOff: out of memory, exit status 137",
        ),
    ],
)
def test_a_rollout_ends_with_the_reason(name: str, workload: str, text: str) -> None:
    there = ("localhost/web:sha256-0000", "localhost/website:1")
    watch = Watch(kubectl(name), workload, cast("Any", Silent()), lambda node: there)
    with fails(text):
        watch.until_up([("Deployment", workload)], [], 60)


CHATTER = "DNSConfigForming: Nameserver limits were exceeded\n:\n\n"
UNHEALTHY = "Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 500"


@pytest.mark.parametrize(("events", "told"), [(CHATTER, ""), (f"{UNHEALTHY}\n{CHATTER}", f"\n  {UNHEALTHY}")])
def test_a_job_that_failed_is_told_with_its_end(
    events: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And with the newest warning that is not one which all pods get, as where a node has many name servers."""
    monkeypatch.setattr(Recorded, "try_", lambda _, *words: Result(int("events" not in words), events, ""))
    with fails(
        "Job 'failed' did not come up [not-up]\n"
        "  Job has reached the specified backoff limit\n"
        f"  failed-mrswv on node1: Error: exit status 4{told}"
    ):
        Watch(kubectl("failed"), "failed", cast("Any", Silent())).until_up([("Job", "failed")], [], 60)


def test_each_change_is_told_once() -> None:
    progress = Silent()
    watch = Watch(kubectl("daemon"), "daemon", cast("Any", progress))
    watch.until_up([("DaemonSet", "daemon")], [], 60)
    watch.until_up([("DaemonSet", "daemon")], [], 60)

    assert progress.lines == [
        "daemon-46mr8: ready on node2", "daemon-dxtmh: ready on node1", "DaemonSet daemon: 2 of 2 up",
    ]  # fmt: skip


def test_what_is_slow_is_told_as_late() -> None:
    watch = Watch(kubectl("unready"), "unready", cast("Any", Silent()))
    with fails(
        "Deployment 'unready' did not come up [not-up]\n"
        "  0 of 1 were up after 0 s\n"
        "  unready-57fc77f767-hmcrr on node1: NotReady: it runs and is not ready"
    ):
        watch.until_up([("Deployment", "unready")], [], 0)


def test_what_is_not_there_at_all_is_waited_for_no_longer_than_said() -> None:
    with fails("Deployment 'other' did not come up [not-up]\n  it was not seen in 0 s"):
        Watch(kubectl("ready"), "ready", cast("Any", Silent())).until_up([("Deployment", "other")], [], 0)


def test_a_stateful_set_would_wait_for_ever_for_a_broken_pod_of_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As it is once the version before is asked for again: the pod is there, and not of that version."""
    assert workload("new-stateful").stuck == ()
    recorded = Recorded("new-stateful").get()
    [item] = [each for each in recorded["items"] if each["kind"] == "StatefulSet"]
    item["status"]["updateRevision"] = item["status"]["currentRevision"] + "-other"
    monkeypatch.setattr(Recorded, "get", lambda *_: recorded)
    found = workload("new-stateful")

    assert (found.pods, found.stuck, found.up) == ((), ("stateful-0",), False)
    [pod] = [each for each in recorded["items"] if each["kind"] == "Pod"]
    own = pod["metadata"].pop(
        "ownerReferences"
    )  # what was a StatefulSet is to be a Deployment of the same labels
    pod["metadata"]["ownerReferences"] = [{**own[0], "kind": "ReplicaSet", "uid": "another"}]
    assert workload("new-stateful").stuck == ()
    pod["metadata"]["ownerReferences"] = own
    item["metadata"]["generation"] += 1  # its controller has not seen it yet
    assert workload("new-stateful").stuck == ()
