"""Of several who deploy the same application, only the one who began last changes what is remembered."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sdk_hooks.core.k8s import release, turns
from sdk_hooks.core.k8s.order import Prepared
from sdk_hooks.core.k8s.release import Release, Version

from .helpers import fails
from .k8smaker import RECORDED


def version(text: str) -> Version:
    """A version of the workload `ready` with *text* in it."""
    made = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "ready"},
        "spec": {"is": text},
    }
    return Version((made,), (), {"": text})


OURS, THEIRS, BEFORE = map(version, ("ours", "theirs", "before"))


class Cluster:
    """Remembers one release, as a cluster does."""

    def __init__(self, now: Release, looks: Any = None) -> None:
        self.now, self.looks, self.deleted = now, looks, False

    def get(self, kind: str, *_: str) -> Any:
        if kind != "secret":
            return self.looks
        made = release.manifest(self.now)
        return {**made, "metadata": {**made["metadata"], "resourceVersion": "7"}}

    def apply(self, manifests: Any, *, force: bool) -> None:
        [made] = manifests
        assert (force, made["metadata"]["resourceVersion"]) == (True, "7")
        self.now = release.parsed(made, "ready")

    def try_(self, *words: str) -> None:
        self.deleted = words[0] == "delete"


def abandoned(known: Release, now: Release) -> Cluster:
    cluster = Cluster(now)
    ours = SimpleNamespace(release=known, version=OURS, unchanged=False)
    turns.abandon(cast("Prepared", ours), cast("Any", cluster))
    return cluster


@pytest.mark.parametrize("before", [None, BEFORE])
def test_what_others_began_is_not_abandoned(before: Version | None) -> None:
    known, theirs = Release("ready", before), Release("ready", before, pending=THEIRS)
    cluster = abandoned(known, theirs)

    assert (cluster.now, cluster.deleted) == (theirs, False)


def test_what_we_began_is_abandoned() -> None:
    known = Release("ready", BEFORE)
    assert abandoned(known, Release("ready", BEFORE, pending=OURS)).now == known
    assert abandoned(Release("ready"), Release("ready", pending=OURS)).deleted


def test_another_version_than_ours_is_not_told_as_deployed() -> None:
    looks = json.loads((RECORDED / "snapshots/ready.json").read_text())
    [found] = [each for each in looks["items"] if each["kind"] == "Deployment"]
    found["metadata"].setdefault("annotations", {})["devtool-containers/version"] = THEIRS.id
    cluster = cast("Any", Cluster(Release("ready", pending=OURS), looks))

    turns.check_runs(cluster, "ready", THEIRS)
    with fails(
        "somebody else has deployed 'ready' meanwhile [overtaken]\n"
        "  what was begun here is left to what they began\n"
        "  hint: look at it: k8s-deploy ready --status"
    ):
        turns.check_runs(cluster, "ready", OURS)
