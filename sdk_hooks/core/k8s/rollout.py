"""Watches a new version come up, tells of each change, and says in the end why it did not."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sdk_hooks.core.k8s import snapshot, trouble, workload
from sdk_hooks.core.k8s.app import Manifest
from sdk_hooks.core.k8s.failures import PASSING, explained
from sdk_hooks.core.k8s.kubectl import Kubectl
from sdk_hooks.core.k8s.release import Wanted
from sdk_hooks.core.k8s.snapshot import Snapshot, Workload
from sdk_hooks.core.k8s.trouble import Trouble
from sdk_hooks.core.push.place import untagged
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress

_PAUSE = 0.4
"""Seconds between two looks."""
_LINES = 10
_NO_LOG = "unable to retrieve container logs"
"""What a kubelet prints as a log when the container is gone."""


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
    _said: dict[str, str] = field(default_factory=dict)
    _seen: dict[str, float] = field(default_factory=dict)
    _since: dict[str, float] = field(default_factory=dict)

    def until_up(self, wanted: Sequence[Wanted], finished: Sequence[Wanted], timeout: float) -> None:
        """Wait until all of *wanted* are up, and the Jobs in *finished* have ended well.

        :raises SdkError: When one can't come up, or has not in *timeout* seconds, with the reason.
        """
        deadline = time.monotonic() + timeout
        while True:
            now = self._look(deadline)
            found = [(each, now.named(*each)) for each in wanted]
            self._tell(now)
            self._free(now)
            if all(each and self._is_up(each, ends=key in finished) for key, each in found):
                return
            late = time.monotonic() > deadline
            for key, each in found:
                if each is None or not self._is_up(each, ends=key in finished):
                    self._judge(key, each, late=late, timeout=timeout)
            time.sleep(_PAUSE)

    def _look(self, deadline: float) -> Snapshot:
        """What there is now; a cluster that does not answer for a moment is asked again.

        :raises SdkError: When it can't be asked, or does not answer until *deadline*.
        """
        while True:
            try:
                return snapshot.take(self.kubectl, self.name, self.absent)
            except SdkError as error:
                if error.code not in PASSING or time.monotonic() > deadline:
                    raise
                self._line(self.name, f"{error.what}: asking again")
            time.sleep(_PAUSE)

    def _is_up(self, found: Workload, *, ends: bool) -> bool:
        """Whether *found* is as it is to be.

        A Job counts once its pod has lasted: the cluster has no word for that.

        :param ends: Whether it has to have ended well.
        """
        if ends or found.finished or found.kind != "Job":
            return found.finished if ends else found.up
        if not found.up or found.problem:
            self._since.pop(found.name, None)
            return False
        return time.monotonic() - self._since.setdefault(found.name, time.monotonic()) >= workload.SETTLE

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
        return _not_up(key, "\n".join(lines))

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
        lines = [line for line in result.output.splitlines() if line.strip() not in ("", ":")]
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
    return f"{found.ready} of {found.wanted} up" + ("" if found.settled else ", old ones left")


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


def _not_up(key: Wanted, detail: str) -> SdkError:
    return SdkError(f"{key[0]} {key[1]!r} did not come up", detail=detail, code="not-up")
