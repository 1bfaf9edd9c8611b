"""Why a pod is not up, as far as the cluster tells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sdk_hooks.core.k8s.app import Manifest

_NEVER = ("InvalidImageName", "ErrImageNeverPull", "ImagePullBackOff", "CrashLoopBackOff")
"""Reasons for which waiting helps nobody."""
_PATIENCE = 15
"""Seconds after which other reasons count, too: a cluster may be about to mend them."""
_ADVICE = re.compile(r" preemption:|\. no new claims to deallocate")
"""From here on a scheduler tells what else it has thought of."""
_NORMAL = ("ContainerCreating", "PodInitializing")


@dataclass(frozen=True)
class Trouble:
    """What is wrong with a pod."""

    pod: str
    node: str
    """Empty when it has none."""
    reason: str
    message: str
    final: bool
    """Whether waiting helps nobody."""
    container: str = ""
    crashed: bool = False
    """Whether it has printed something that tells more."""

    def __str__(self) -> str:
        where = f" on {self.node}" if self.node else ""
        return f"{self.pod}{where}: {self.reason}" + (f": {self.message}" if self.message else "")


def of_pod(pod: Manifest, age: float) -> Iterator[Trouble]:
    """What keeps *pod* from being ready, the worst first.

    :param age: Seconds for which it is known to be there.
    """
    status, name = pod.get("status", {}), pod["metadata"]["name"]
    node = pod["spec"].get("nodeName", "")
    for each in status.get("conditions") or ():
        if each["type"] == "PodScheduled" and each["status"] == "False":
            text = _ADVICE.split(str(each.get("message", "")))[0].rstrip(". ")
            # storage may be on its way for longer than that: for it the time limit counts
            final = age > _PATIENCE and "PersistentVolumeClaim" not in text
            yield Trouble(name, "", each.get("reason", "Unschedulable"), text, final)
    found = [
        _container(name, node, each, age)
        for each in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))
    ]
    yield from sorted((each for each in found if each), key=lambda each: not each.final)
    if status.get("phase") == "Failed" and not any(found):
        yield Trouble(name, node, status.get("reason", "Failed"), status.get("message", ""), True)


def _container(pod: str, node: str, status: Mapping[str, Any], age: float) -> Trouble | None:
    state, last = status.get("state", {}), status.get("lastState", {}).get("terminated")
    waiting, ended = state.get("waiting"), state.get("terminated")
    if waiting and waiting.get("reason") not in _NORMAL:
        reason = waiting.get("reason", "Waiting")
        message = (
            _ended(last) if reason == "CrashLoopBackOff" and last else waiting.get("message", "").strip()
        )
        final = reason in _NEVER or age > _PATIENCE
        return Trouble(pod, node, reason, message, final, status["name"], crashed=bool(last))
    if ended and ended.get("exitCode"):
        again = status.get("restartCount", 0) > 0  # not every kubelet calls that CrashLoopBackOff at once
        reason = ended.get("reason", "Error")
        return Trouble(pod, node, reason, _ended(ended), again, status["name"], crashed=True)
    if waiting or ended or status.get("ready"):
        return None
    message = f"it runs and is not ready{f', after {_ended(last)}' if last else ''}"
    return Trouble(pod, node, "NotReady", message, False, status["name"], crashed=bool(last))


def _ended(state: Mapping[str, Any]) -> str:
    said = str(state.get("message") or "").strip().splitlines()[-1:]
    oom = "out of memory, " if state.get("reason") == "OOMKilled" else ""
    return f"{oom}exit status {state.get('exitCode')}" + (f": {said[0]}" if said else "")
