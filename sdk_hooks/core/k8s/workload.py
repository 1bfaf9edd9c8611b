"""The workload of a container: Deployment, StatefulSet, DaemonSet, Job or CronJob."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sdk_hooks.core.k8s import pod
from sdk_hooks.core.k8s.app import App, Manifest, Member, label
from sdk_hooks.kubernetes import Kubernetes

STORAGE = "1Gi"
SETTLE = 2
"""Seconds that a pod has to last before it counts, where no health check says that it is up."""


def make(app: App, member: Member) -> Manifest:
    """The workload of *member*."""
    spec = _MAKERS[member.kind](app, member)
    name = app.resource(member)
    if member.kind == "Job":  # no Job can be changed: another one is made, and has another name
        name += f"-{hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:8]}"
    return {
        "apiVersion": _version(app, member.kind),
        "kind": member.kind,
        "metadata": app.meta(name, member),
        "spec": spec,
    }


def claim(said: Kubernetes) -> dict[str, Any]:
    """The `spec` of a claim of storage."""
    found: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": said.storage or STORAGE}},
    }
    return {**found, **({"storageClassName": said.storage_class} if said.storage_class else {})}


def _version(app: App, kind: str) -> str:
    if kind == "CronJob":
        return "batch/v1" if app.version >= (1, 21) else "batch/v1beta1"
    return "batch/v1" if kind == "Job" else "apps/v1"


def _deployment(app: App, member: Member) -> dict[str, Any]:
    held = pod.claims(app, member) or member.part.settings.network == "host"
    # storage of one node, and ports of it, are free only once the old pod is gone
    strategy: dict[str, Any] = {"type": "Recreate"}
    if not held:
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}}
    return {
        **_replicas(member),
        **_settling(member),
        "revisionHistoryLimit": 2,
        "progressDeadlineSeconds": 600,
        "strategy": strategy,
        **_pods(app, member),
    }


def _stateful_set(app: App, member: Member) -> dict[str, Any]:
    claims = [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": label(volume.source), "labels": app.labels(member)},
            "spec": {**claim(member.said), "volumeMode": "Filesystem"},
        }
        for volume in pod.claims(app, member).values()
    ]
    return {
        **_replicas(member),
        **(_settling(member) if app.version >= (1, 23) else {}),
        "revisionHistoryLimit": 2,
        "serviceName": headless(app, member),
        **_pods(app, member),
        **({"volumeClaimTemplates": claims} if claims else {}),
    }


def headless(app: App, member: Member) -> str:
    """The name by which the other parts reach *member*, as they do on a target."""
    return label(member.part.name) or f"{app.name}-pods"


def _daemon_set(app: App, member: Member) -> dict[str, Any]:
    return {**_settling(member), "revisionHistoryLimit": 2, **_pods(app, member)}


def _job(app: App, member: Member) -> dict[str, Any]:
    restart = member.part.settings.restart
    tries = 0 if restart.policy == "no" else restart.retries or 6
    return {"backoffLimit": tries, "template": pod.template(app, member)}


def _cron_job(app: App, member: Member) -> dict[str, Any]:
    return {
        "schedule": member.said.schedule,
        "concurrencyPolicy": "Forbid",
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {"metadata": {"labels": app.labels(member)}, "spec": _job(app, member)},
    }


def _replicas(member: Member) -> dict[str, Any]:
    return {} if member.said.replicas is None else {"replicas": member.said.replicas}


def _settling(member: Member) -> dict[str, Any]:
    return {} if member.part.settings.healthcheck else {"minReadySeconds": SETTLE}


def _pods(app: App, member: Member) -> dict[str, Any]:
    return {"selector": {"matchLabels": app.selector(member)}, "template": pod.template(app, member)}


_MAKERS = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "CronJob": _cron_job,
}
