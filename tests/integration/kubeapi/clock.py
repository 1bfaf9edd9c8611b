"""What controllers and kubelets do in time, as a test tells: Deployments come up, or fail in one way."""

import hashlib
import json
import time
from typing import Any

from .store import Object, Store, now

REVISION = "deployment.kubernetes.io/revision"


class Clock:
    """Looks at all Deployments whenever somebody asks for something."""

    def __init__(self, store: Store, node: str, delay: float) -> None:
        """:param delay: Seconds until a pod is up, or has failed."""
        self.store, self.node, self.delay = store, node, delay
        self.fails: dict[str, str] = {}
        """For a text that is somewhere in the pod's template the reason for which it never gets ready."""
        self.logs: dict[str, str] = {}
        """What a pod prints, by a text in its template."""
        self._born: dict[str, float] = {}

    def tick(self) -> None:
        for deployment in self.store.find("deployments", ""):
            self._deployment(deployment)
        for job in self.store.find("jobs", ""):
            job["status"] = {"succeeded": 1, "startTime": job["metadata"]["creationTimestamp"]}

    def printed(self, pod: Object) -> str:
        text = json.dumps(pod["spec"])
        return next((said for word, said in self.logs.items() if word in text), "")

    def _deployment(self, deployment: Object) -> None:
        meta, template = deployment["metadata"], deployment["spec"]["template"]
        digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]
        mine = [each for each in self.store.find("replicasets", meta["namespace"]) if _owned(each, meta)]
        newest = next((each for each in mine if each["metadata"]["name"] == f"{meta['name']}-{digest}"), None)
        if newest is None:
            newest = self._replica_set(deployment, digest)
            mine.append(newest)
        number = max((int(each["metadata"]["annotations"].get(REVISION, 0)) for each in mine), default=0)
        if int(newest["metadata"]["annotations"][REVISION]) < number:
            newest["metadata"]["annotations"][REVISION] = str(number + 1)
        meta.setdefault("annotations", {})[REVISION] = newest["metadata"]["annotations"][REVISION]
        wanted = deployment["spec"].get("replicas", 1)
        pods = self._pods(newest, wanted)
        ready = sum(self._kubelet(pod) for pod in pods)
        if ready >= wanted:
            for each in mine:
                if each is not newest:
                    each["spec"]["replicas"] = 0
                    self._pods(each, 0)
        old = sum(len(self._pods(each)) for each in mine if each is not newest)
        deployment["status"] = {
            "observedGeneration": meta["generation"],
            "replicas": len(pods) + old, "updatedReplicas": len(pods),
            "availableReplicas": ready + old, "readyReplicas": ready + old,
        }  # fmt: skip

    def _replica_set(self, deployment: Object, digest: str) -> Object:
        meta, spec = deployment["metadata"], deployment["spec"]
        labels = {**spec["template"]["metadata"]["labels"], "pod-template-hash": digest}
        mine = [each for each in self.store.find("replicasets", meta["namespace"]) if _owned(each, meta)]
        number = max((int(each["metadata"]["annotations"][REVISION]) for each in mine), default=0) + 1
        selector = {**spec["selector"]["matchLabels"], "pod-template-hash": digest}
        template = {**spec["template"], "metadata": {**spec["template"]["metadata"], "labels": labels}}
        return self.store.put("replicasets", {
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {
                "name": f"{meta['name']}-{digest}", "namespace": meta["namespace"], "labels": labels,
                "annotations": {REVISION: str(number)}, "ownerReferences": [_owner(deployment)],
            },
            "spec": {"replicas": 1, "selector": {"matchLabels": selector}, "template": template},
        })  # fmt: skip

    def _pods(self, owner: Object, wanted: int | None = None) -> list[Object]:
        """The pods of a ReplicaSet, made or removed until there are *wanted*."""
        meta, template = owner["metadata"], owner["spec"]["template"]
        pods = [each for each in self.store.find("pods", meta["namespace"]) if _owned(each, meta)]
        while wanted is not None and len(pods) > wanted:
            gone = pods.pop()["metadata"]
            self.store.delete(("pods", gone["namespace"], gone["name"]))
        while wanted is not None and len(pods) < wanted:
            pods.append(self.store.put("pods", {
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {
                    **template["metadata"], "name": f"{meta['name']}-{'bcdfghjklm'[len(pods)] * 5}",
                    "namespace": meta["namespace"], "ownerReferences": [_owner(owner)],
                },
                "spec": {**template["spec"], "nodeName": self.node},
            }))  # fmt: skip
        return pods

    def _kubelet(self, pod: Object) -> bool:
        """Whether *pod* is up now; its status tells."""
        born = self._born.setdefault(pod["metadata"]["uid"], time.monotonic())
        text = json.dumps(pod["spec"])
        reason = next((why for word, why in self.fails.items() if word in text), "")
        late = time.monotonic() - born > self.delay
        ready = late and not reason
        waiting: dict[str, Any] = {"reason": reason if late and reason else "ContainerCreating"}
        if waiting["reason"].endswith(("Pull", "ImagePullBackOff")):
            waiting["message"] = f'Back-off pulling image "{pod["spec"]["containers"][0]["image"]}"'
        ended = {"exitCode": 3, "reason": "Error", "startedAt": now(), "finishedAt": now()}
        crashed = waiting["reason"] == "CrashLoopBackOff"
        status = {
            "name": pod["spec"]["containers"][0]["name"], "ready": ready, "restartCount": int(crashed),
            "image": pod["spec"]["containers"][0]["image"], "imageID": "",
            "state": {"running": {"startedAt": now()}} if ready else {"waiting": waiting},
            **({"lastState": {"terminated": ended}} if crashed else {}),
        }  # fmt: skip
        pod["status"] = {
            "phase": "Running" if ready else "Pending",
            "conditions": [
                {"type": "Ready", "status": str(ready)},
                {"type": "PodScheduled", "status": "True"},
            ],
            "containerStatuses": [status],
        }
        return ready


def _owner(owner: Object) -> Object:
    meta = owner["metadata"]
    return {
        "apiVersion": "apps/v1",
        "kind": owner["kind"],
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
    }


def _owned(found: Object, owner: Object) -> bool:
    return any(each["uid"] == owner["uid"] for each in found["metadata"].get("ownerReferences", ()))
