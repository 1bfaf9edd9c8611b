"""What a cluster has of an application at one moment, and whether that is as it was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from sdk_hooks.core.k8s.app import BY, INSTANCE, VERSION, Manifest
from sdk_hooks.core.k8s.kinds import ASKED, WORKLOADS
from sdk_hooks.core.k8s.kubectl import Kubectl


@dataclass(frozen=True)
class Workload:
    """One workload: how many pods it is to have, and how many of the newest version are up."""

    kind: str
    name: str
    wanted: int
    ready: int
    settled: bool
    """Whether the cluster has seen the newest version, and nothing is left of the one before."""
    finished: bool
    """Whether it is a Job that has ended well."""
    problem: str
    """What keeps it from having pods at all, in the words of its controller."""
    pods: tuple[Manifest, ...]
    """Of the newest version."""
    version: str = ""
    """The ID of the version that it was last told of."""
    stuck: tuple[str, ...] = ()
    """Pods of an older version that are not up: its controller would wait for them before it replaces any."""

    @property
    def up(self) -> bool:
        return self.finished or (self.settled and self.ready >= self.wanted)


@dataclass(frozen=True)
class Snapshot:
    """The workloads of an application, with their pods."""

    workloads: tuple[Workload, ...]

    def named(self, kind: str, name: str) -> Workload | None:
        return next((each for each in self.workloads if (each.kind, each.name) == (kind, name)), None)


def selector(name: str) -> str:
    """By which what we made for the application *name* is found."""
    return ",".join(f"{key}={value}" for key, value in {INSTANCE: name, **BY}.items())


def take(kubectl: Kubectl, name: str, absent: Set[str] = frozenset()) -> Snapshot:
    """What there is of the application *name* now.

    :param absent: Nodes that are not there: what a DaemonSet has on them does not count.
    :raises SdkError: When that can't be asked.
    """
    items = kubectl.get(ASKED, "--selector", selector(name))["items"]
    made = (_workload(item, items, absent) for item in items if item["kind"] in WORKLOADS)
    return Snapshot(tuple(each for each in made if each))


def _workload(item: Manifest, items: Sequence[Manifest], absent: Set[str]) -> Workload | None:
    meta, status = item["metadata"], item.get("status", {})
    if meta.get("ownerReferences"):  # a Job of a CronJob
        return None
    kind, spec = item["kind"], item["spec"]
    pods = tuple(pod for pod in items if pod["kind"] == "Pod" and _newest(item, pod, items))
    seen = status.get("observedGeneration", 0) >= meta.get("generation", 0)
    if kind == "DaemonSet":
        lost = [pod for pod in items if pod["kind"] == "Pod" and _owned(item, pod) and _node(pod) in absent]
        pods = tuple(pod for pod in pods if _node(pod) not in absent)
        status = {**status, "desiredNumberScheduled": status.get("desiredNumberScheduled", 0) - len(lost)}
    wanted, ready, settled = _counts(kind, spec, status, pods)
    return Workload(
        kind=kind,
        name=meta["name"],
        wanted=wanted,
        ready=ready,
        settled=settled and (seen or kind in ("Job", "CronJob")),
        finished=kind == "Job" and status.get("succeeded", 0) >= spec.get("completions", 1),
        problem=_problem(kind, status),
        pods=pods,
        version=meta.get("annotations", {}).get(VERSION, ""),
        stuck=tuple(_stuck(item, items)) if seen and kind == "StatefulSet" else (),
    )


def _counts(
    kind: str, spec: Mapping[str, Any], status: Mapping[str, Any], pods: Sequence[Manifest]
) -> tuple[int, int, bool]:
    """(pods that are wanted, those that are up, whether there is no other)."""
    if kind == "CronJob":
        return 0, 0, True
    if kind == "Job":
        return 1, sum(running(pod) for pod in pods), True
    if kind == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        return wanted, status.get("numberAvailable", 0), status.get("updatedNumberScheduled", 0) >= wanted
    wanted, have = spec.get("replicas", 1), status.get("replicas", 0)
    if kind == "StatefulSet":
        new = status.get("updateRevision") == status.get("currentRevision")
        new = new or status.get("updatedReplicas", 0) >= wanted
        ready = "availableReplicas" if "minReadySeconds" in spec else "readyReplicas"
        return wanted, status.get(ready, 0), new and have == wanted
    updated = status.get("updatedReplicas", 0)
    return wanted, status.get("availableReplicas", 0), updated >= wanted and have == updated


def _node(pod: Manifest) -> str:
    return str(pod["spec"].get("nodeName", ""))


def running(pod: Manifest) -> bool:
    """Whether all containers of *pod* are ready."""
    conditions = pod.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def start(pod: Manifest) -> str:
    """A name for *pod* as it has been started: it is another one once a container of it was started again."""
    states = pod.get("status", {}).get("containerStatuses") or ()
    return f"{pod['metadata']['uid']}+{sum(each.get('restartCount', 0) for each in states)}"


def probed(pod: Manifest) -> bool:
    """Whether that *pod* is ready means more than that its containers run."""
    return any("readinessProbe" in each for each in pod["spec"]["containers"])


def _newest(workload: Manifest, pod: Manifest, items: Sequence[Manifest]) -> bool:
    """Whether *pod* is one of the newest version of *workload*."""
    kind, meta = workload["kind"], workload["metadata"]
    labels = pod["metadata"].get("labels", {})
    if kind == "Job":
        return bool(labels.get("job-name") == meta["name"])
    if pod["metadata"].get("deletionTimestamp") or not _of(workload, pod):
        return False
    if kind == "StatefulSet":
        newest = workload.get("status", {}).get("updateRevision")
        return bool(labels.get("controller-revision-hash") == newest)
    if kind == "DaemonSet":
        newest = meta.get("annotations", {}).get("deprecated.daemonset.template.generation")
        return bool(labels.get("pod-template-generation") == newest)
    return labels.get("pod-template-hash") in _hashes(meta, items)


def _of(workload: Manifest, pod: Manifest) -> bool:
    wanted = workload["spec"].get("selector", {}).get("matchLabels", {})
    return bool(wanted) and wanted.items() <= pod["metadata"].get("labels", {}).items()


def _owned(workload: Manifest, pod: Manifest) -> bool:
    """Whether *workload* itself made *pod*: one of another kind may have the same labels."""
    owners = pod["metadata"].get("ownerReferences") or ()
    return any(each["uid"] == workload["metadata"]["uid"] for each in owners)


def _stuck(workload: Manifest, items: Sequence[Manifest]) -> Iterator[str]:
    for pod in items:
        old = pod["kind"] == "Pod" and _owned(workload, pod) and not _newest(workload, pod, items)
        if old and not running(pod) and not pod["metadata"].get("deletionTimestamp"):
            yield pod["metadata"]["name"]


def _hashes(meta: Mapping[str, Any], items: Sequence[Manifest]) -> set[str]:
    """Of the ReplicaSet of the newest revision of a Deployment."""
    key = "deployment.kubernetes.io/revision"
    newest = meta.get("annotations", {}).get(key)
    return {
        item["metadata"]["labels"].get("pod-template-hash", "")
        for item in items
        if item["kind"] == "ReplicaSet"
        and item["metadata"].get("annotations", {}).get(key) == newest
        and any(owner["uid"] == meta["uid"] for owner in item["metadata"].get("ownerReferences", []))
    }


def _problem(kind: str, status: Mapping[str, Any]) -> str:
    found = {each["type"]: each for each in _conditions(status) if each["status"] == "True"}
    for name in ("ReplicaFailure", "Failed"):
        if name in found:
            return str(found[name].get("message") or found[name].get("reason") or name)
    late = next((c for c in _conditions(status) if c.get("reason") == "ProgressDeadlineExceeded"), None)
    return str(late.get("message")) if late and kind == "Deployment" else ""


def _conditions(status: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from status.get("conditions") or ()
