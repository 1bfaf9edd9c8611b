"""Watches a new version come up, tells of each change, and says in the end why it did not."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sdk_hooks.core.k8s import pulls, snapshot, trouble, workload
from sdk_hooks.core.k8s.app import Manifest
from sdk_hooks.core.k8s.failures import PASSING, explained
from sdk_hooks.core.k8s.kubectl import Kubectl
from sdk_hooks.core.k8s.release import Wanted
from sdk_hooks.core.k8s.snapshot import Snapshot, Workload
from sdk_hooks.core.k8s.trouble import Trouble
from sdk_hooks.core.push.place import untagged
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress

_T = TypeVar("_T")
_PAUSE = 0.4
"""Seconds between two looks."""
_LASTING = workload.SETTLE + 1
"""Seconds for which a pod is seen ready before it counts, where nothing but that says that it is up.

The cluster counts from a time without its fraction, and kubelets look once in a second whether one has ended.
"""
_LINES = 10
_NO_LOG = "unable to retrieve container logs"
"""What a kubelet prints as a log when the container is gone."""
_CHATTER = ("", ":", "DNSConfigForming:", "MissingClusterDNS:")
"""Beginnings of events that say nothing: kubelets warn so of pods that run, at each of their steps."""


@dataclass
class Watch:
    """One look after another at the workloads of an application."""

    kubectl: Kubectl
    name: str
    progress: Progress
    images_on: Callable[[str], Sequence[str]] = field(default=lambda _: ())
    """Names of images that a node tells of."""
    absent: frozenset[str] = frozenset()
    """Nodes that are not there: nobody waits for what a DaemonSet has on them."""
    fresh: frozenset[Wanted] = frozenset()
    """Workloads that are another version than before: no pod of theirs is older than this."""
    _said: dict[str, str] = field(default_factory=dict)
    _seen: dict[str, float] = field(default_factory=dict)
    _since: dict[str, float] = field(default_factory=dict)
    """When pods, each time that they were started, were first seen ready."""
    _looked: bool = False

    def until_up(self, wanted: Sequence[Wanted], finished: Sequence[Wanted], timeout: float) -> None:
        """Wait until all of *wanted* are up, and the Jobs in *finished* have ended well.

        :raises SdkError: When one can't come up, or has not in *timeout* seconds, with the reason.
        """
        deadline = time.monotonic() + timeout
        while True:
            now = self._look(deadline)
            self._time(now)
            found = [(each, now.named(*each)) for each in wanted]
            self._tell(now)
            self._free(now)
            if all(each and self._is_up(each, ends=key in finished) for key, each in found):
                return
            for key, each in found:
                if each is None or not self._is_up(each, ends=key in finished):
                    young = each is not None and each.up and key not in finished  # it is up, if not for long
                    late = time.monotonic() > deadline + (_LASTING + 1 if young else 0)
                    self._judge(key, each, late=late, timeout=timeout)
            time.sleep(self._pause())

    def _pause(self) -> float:
        """Seconds until the next look, which is not to miss by much that a pod has lasted."""
        now = time.monotonic()
        rest = min(
            (left for since in self._since.values() if (left := since + _LASTING - now) > 0), default=0
        )
        return rest if 0 < rest < 2 * _PAUSE else _PAUSE

    def _look(self, deadline: float) -> Snapshot:
        """What there is now; a cluster that does not answer for a moment is asked again.

        :raises SdkError: When it can't be asked, or does not answer until *deadline*.
        """
        return self.insist(lambda: snapshot.take(self.kubectl, self.name, self.absent), deadline)

    def insist(self, call: Callable[[], _T], deadline: float) -> _T:
        """What *call* gives, which is made again while the cluster does not answer.

        :param deadline: As time.monotonic() has it.
        :raises SdkError: When it fails otherwise, or the cluster does not answer until *deadline*.
        """
        while True:
            try:
                return call()
            except SdkError as error:
                if error.code not in PASSING or time.monotonic() > deadline:
                    raise
                self._line(self.name, f"{error.what}: asking again")
            time.sleep(_PAUSE)

    def _time(self, now: Snapshot) -> None:
        """Note which pods are ready, and since when."""
        for each in now.workloads:
            before = not self._looked and (each.kind, each.name) not in self.fresh
            for pod in filter(snapshot.running, each.pods):
                self._since.setdefault(snapshot.start(pod), 0 if before else time.monotonic())
        self._looked = True

    def _is_up(self, found: Workload, *, ends: bool) -> bool:
        """Whether *found* is as it is to be.

        :param ends: Whether it has to have ended well.
        """
        if ends or found.finished:
            return found.finished
        lasting = sum(self._lasts(pod) for pod in found.pods)
        # a DaemonSet that is taken back keeps pods where it had not come to yet, which are not among these
        wanted = min(found.wanted, len(found.pods)) if found.kind == "DaemonSet" else found.wanted
        # its controller may not have noticed yet what its pods tell
        return found.up and not (found.kind == "Job" and found.problem) and lasting >= wanted

    def _lasts(self, pod: Manifest) -> bool:
        """Whether *pod* is ready: has been so for a while, where no probe vouches for it."""
        since = self._since[snapshot.start(pod)] if snapshot.running(pod) else None
        return since is not None and (snapshot.probed(pod) or time.monotonic() - since >= _LASTING)

    def _free(self, now: Snapshot) -> None:
        """Remove pods of an older version that would keep the newest one from ever being started."""
        for pod in (pod for each in now.workloads for pod in each.stuck):
            self.progress.step(f"{pod}: it is of an older version and not up: removing it")
            self.kubectl.try_("delete", "pod", pod, "--ignore-not-found", "--wait=false")

    def _judge(self, key: Wanted, found: Workload | None, *, late: bool, timeout: float) -> None:
        """
        :raises SdkError: When waiting for the workload helps nobody.
        """
        if found is None:
            if late:
                raise _not_up(key, f"it was not seen in {timeout:g} s")
            return
        if found.problem:
            raise (
                _refused(key, found.problem)
                if not found.pods
                else self._failed(key, self._worst(found), found)
            )
        worst = self._worst(found)
        if worst and worst.final:
            raise self._failed(key, worst, found)
        if late:
            raise self._failed(
                key, worst, found, f"{found.ready} of {found.wanted} were up after {timeout:g} s"
            )

    def _worst(self, found: Workload) -> Trouble | None:
        """What is most wrong with the pods that are not up."""
        now = time.monotonic()
        problems: list[Trouble] = []
        for pod in found.pods:
            if not snapshot.running(pod):
                since = self._seen.setdefault(pod["metadata"]["uid"], now)
                problems += trouble.of_pod(pod, now - since)
        return min(problems, key=lambda each: (not each.final, not each.crashed), default=None)

    def _failed(self, key: Wanted, worst: Trouble | None, found: Workload, more: str = "") -> SdkError:
        lines = [more or found.problem] if more or found.problem else []
        if worst:
            lines.append(str(worst))
            lines += self._events(worst) if not worst.final or more else []
            lines += self._images(worst, found)
            lines += self._last_words(worst)
        return _not_up(key, "\n".join(lines), _help(worst, found) if worst else "")

    def _last_words(self, worst: Trouble) -> list[str]:
        """The end of what the container printed, of the time before if it was started again."""
        if not worst.container:
            return []
        words = ("logs", worst.pod, f"--container={worst.container}", f"--tail={_LINES}")
        # one that runs again has not said anything yet; of others this is the time before
        order = ((), ("--previous",)) if worst.reason != "NotReady" else (("--previous",), ())
        for more in order if worst.crashed else ((),):
            result = self.kubectl.try_(*words, *more)
            if not result.status and result.output.strip() and not result.output.startswith(_NO_LOG):
                return [f"  | {line}" for line in result.output.strip().splitlines()]
        return []

    def _events(self, worst: Trouble) -> list[str]:
        """The newest warning about the pod."""
        chosen = f"involvedObject.name={worst.pod},type=Warning"
        result = self.kubectl.try_(
            "get", "events", f"--field-selector={chosen}", "--sort-by=.lastTimestamp",
            "--output=jsonpath={range .items[*]}{.reason}: {.message}{'\\n'}{end}",
        )  # fmt: skip
        lines = [
            line for line in result.output.splitlines() if line.strip().partition(" ")[0] not in _CHATTER
        ]
        return lines[-1:] if not result.status else []

    def _images(self, worst: Trouble, found: Workload) -> list[str]:
        """For an image that is not there: which of its name are."""
        if "Image" not in worst.reason or not worst.node:
            return []
        pod = next(pod for pod in found.pods if pod["metadata"]["name"] == worst.pod)
        image = pod["spec"]["containers"][0]["image"]
        start = untagged(image.partition("@")[0])
        there = [name for name in self.images_on(worst.node) if name.startswith((f"{start}:", f"{start}@"))]
        return [f"wanted: {image}", f"on {worst.node}: {', '.join(there) or 'none of that name'}"]

    def _tell(self, now: Snapshot) -> None:
        """A line for each change."""
        for each in now.workloads:
            for pod in each.pods:
                self._line(pod["metadata"]["name"], _phase(pod))
            if each.kind != "CronJob":
                self._line(f"{each.kind} {each.name}", _state(each))

    def _line(self, who: str, what: str) -> None:
        if self._said.get(who) != what:
            self._said[who] = what
            self.progress.step(f"{who}: {what}")


def _state(found: Workload) -> str:
    if found.kind == "Job":
        return "finished" if found.finished else "started"
    old = not found.settled and found.ready >= found.wanted
    return f"{found.ready} of {found.wanted} up" + (", old ones left" if old else "")


def _phase(pod: Manifest) -> str:
    node = pod["spec"].get("nodeName", "")
    where = f" on {node}" if node else ""
    if snapshot.running(pod):
        return f"ready{where}"
    worst = next((each for each in trouble.of_pod(pod, 0) if each.reason != "NotReady"), None)
    if worst:
        return f"{worst.reason}{where}"
    phase = pod.get("status", {}).get("phase", "Pending")
    return str({"Pending": "starting", "Running": "started"}.get(phase, phase.lower())) + where


def _refused(key: Wanted, problem: str) -> SdkError:
    """The cluster makes no pods at all."""
    known = explained(problem)
    if known.code == "kubectl":
        return _not_up(key, problem)
    return SdkError(
        f"{key[0]} {key[1]!r} gets no pods: {known.what}", detail=problem, hint=known.hint, code=known.code
    )


def _help(worst: Trouble, found: Workload) -> str:
    """What helps a pod that waits for an image; nothing when that is not known."""
    pod = next(pod for pod in found.pods if pod["metadata"]["name"] == worst.pod)
    containers = (*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ()))
    images = [each["image"] for each in containers if each["name"] == worst.container]
    waits = worst.reason in ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable")
    return pulls.hint(worst.node, images[0], worst.message) if waits and images else ""


def _not_up(key: Wanted, detail: str, hint: str = "") -> SdkError:
    return SdkError(f"{key[0]} {key[1]!r} did not come up", detail=detail, hint=hint, code="not-up")
