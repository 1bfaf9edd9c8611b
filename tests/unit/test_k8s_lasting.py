"""A pod that ends soon after it was started is not up, whatever its controller has counted meanwhile."""

from __future__ import annotations

import copy
import json
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sdk_hooks.core.k8s import deploy, rollout
from sdk_hooks.core.k8s.kubectl import Kubectl
from sdk_hooks.core.k8s.rollout import Watch
from sdk_hooks.core.ui import Ui
from sdk_hooks.errors import SdkError

from .helpers import fails
from .k8smaker import RECORDED

WEB = ("Deployment", "ready")


class Film:
    """Answers one look after another, the last one for ever; everything else is refused."""

    def __init__(self, *looks: Any) -> None:
        self.looks = list(looks)

    def get(self, *_: str) -> Any:
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def try_(self, *_: str) -> Any:
        from sdk_hooks.core.deploy.connection import Result

        return Result(1, "", "")


class Silent:
    def step(self, text: str) -> None:
        """Nobody looks."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout, "_PAUSE", 0.02)
    monkeypatch.setattr(rollout, "_LASTING", 0.2)


def look(*, restarts: int = 0, ends: bool = False, probe: bool = False, pods: int = 1) -> Any:
    """The cluster when its controller says that all is well."""
    found = json.loads((RECORDED / "snapshots/ready.json").read_text())
    [pod] = [each for each in found["items"] if each["kind"] == "Pod"]
    [status] = pod["status"]["containerStatuses"]
    status["restartCount"] = restarts
    if ends:
        ended = {"terminated": {"exitCode": 3, "reason": "Error"}}
        status.update(ready=False, state=ended)
        for condition in pod["status"]["conditions"]:
            condition["status"] = "False" if condition["type"] == "Ready" else condition["status"]
    if probe:
        pod["spec"]["containers"][0]["readinessProbe"] = {"exec": {"command": ["true"]}}
    if not pods:
        found["items"].remove(pod)
    return copy.deepcopy(found)


def seconds(*looks: Any, fresh: bool = True, timeout: float = 5) -> float:
    """How long it took until it was up."""
    kubectl, begun = cast("Kubectl", Film(*looks)), time.monotonic()
    Watch(kubectl, "ready", cast("Any", Silent()), fresh=frozenset({WEB} if fresh else ())).until_up(
        [WEB], [], timeout
    )
    return time.monotonic() - begun


ENDED = "Deployment 'ready' did not come up [not-up]\n  ready-6689479f58-{} on node1: Error: exit status 3"


def test_what_ends_after_its_controller_has_counted_it_is_not_up() -> None:
    [name] = [each["metadata"]["name"] for each in look()["items"] if each["kind"] == "Pod"]
    text = ENDED.replace("ready-6689479f58-{}", name)

    with fails(text):  # it was ready, and then never again
        seconds(look(), look(), look(restarts=1, ends=True))
    with fails(text):  # it was ready at no look, but its controller has seen it so
        seconds(look(restarts=1, ends=True))


def test_each_start_has_to_last() -> None:
    assert seconds(look()) >= 0.2
    first = [look()] * 5
    assert seconds(*first, look(restarts=1)) >= 0.3  # five looks, and then as long again


def test_what_is_up_but_not_for_long_is_not_late() -> None:
    assert seconds(look(pods=0), look(), timeout=0.03) >= 0.2


def test_nobody_waits_for_what_a_probe_vouches_for_or_ran_before(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seconds(look(pods=0), look(), fresh=False) >= 0.2  # a pod that was made meanwhile
    monkeypatch.setattr(rollout, "_LASTING", 60)
    assert seconds(look(probe=True)) < 60
    assert seconds(look(), fresh=False) < 60


def test_who_interrupts_it_while_it_is_undone_is_told_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), deploy._goes_on("web", Ui()):
        try:
            raise SdkError("it did not come up")
        except SdkError:
            raise KeyboardInterrupt from None
    assert capsys.readouterr().err == "web: the cluster goes on without us: k8s-deploy web --status\n"


def test_pods_that_did_not_have_to_be_replaced_are_not_waited_for() -> None:
    """When a DaemonSet is taken back on its first node, those on the others never had the bad version."""
    found = json.loads((RECORDED / "snapshots/daemon.json").read_text())
    [name] = [each["metadata"]["name"] for each in found["items"] if each["kind"] == "DaemonSet"]
    pods = [each for each in found["items"] if each["kind"] == "Pod"]
    pods[0]["metadata"]["labels"]["pod-template-generation"] = "0"
    key = ("DaemonSet", name)

    kubectl = cast("Kubectl", Film(found))
    Watch(kubectl, name, cast("Any", Silent()), fresh=frozenset({key})).until_up([key], [], 1)


def test_what_never_lasts_is_not_waited_for_without_end() -> None:
    restarting = (look(restarts=number) for number in range(10_000))
    kubectl = cast("Kubectl", SimpleNamespace(get=lambda *_: next(restarting), try_=Film().try_))

    with pytest.raises(SdkError) as caught:
        Watch(kubectl, "ready", cast("Any", Silent()), fresh=frozenset({WEB})).until_up([WEB], [], 0)
    assert caught.value.what == "Deployment 'ready' did not come up"
