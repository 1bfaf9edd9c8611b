"""Which nodes pods may run on, with taints; and in which order the workloads of a version come up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdk_hooks.core.k8s import cluster, order, release
from sdk_hooks.core.k8s.cluster import Facts, Node
from sdk_hooks.core.k8s.order import Order, Prepared
from sdk_hooks.core.k8s.placement import Pods, nodes
from sdk_hooks.core.k8s.release import Release, Version, Wave
from sdk_hooks.core.oci import imageset
from sdk_hooks.core.registry import load

from .archmaker import built
from .helpers import fails
from .k8smaker import app, manifests, parts

TAINT = {"key": "edge", "value": "yes", "effect": "NoSchedule"}


def node(name: str, *taints: Mapping[str, str], cordoned: bool = False, ready: bool = True) -> Node:
    return Node(name, "amd64", "containerd://2", "v1", "10.0.0.1", {}, ready, cordoned, tuple(taints))


@pytest.mark.parametrize(
    ("toleration", "runs"),
    [
        ({}, False),
        ({"operator": "Exists"}, True),
        ({"key": "edge", "operator": "Exists"}, True),
        ({"key": "edge", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "edge", "value": "yes"}, True),
        ({"key": "edge", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}, True),
        ({"key": "edge", "value": "no"}, False),
        ({"key": "edge"}, False),
        ({"key": "other", "operator": "Exists"}, False),
    ],
)
def test_a_taint_is_tolerated_or_not(toleration: Mapping[str, str], runs: bool) -> None:
    assert node("a", TAINT).runs("Deployment", [toleration]) is runs


def test_a_cordoned_node_takes_pods_of_daemons_and_of_who_tolerates_it() -> None:
    cordoned = node("a", cordoned=True)
    assert [cordoned.runs(kind) for kind in ("Deployment", "DaemonSet")] == [False, True]
    toleration = {"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}
    assert cordoned.runs("Deployment", [toleration])
    assert not node("a", cordoned=True, ready=False).runs("DaemonSet")
    assert not node("a", TAINT, cordoned=True).runs("DaemonSet")


def test_what_keeps_pods_away_is_read_from_the_node() -> None:
    soft = {"key": "soft", "effect": "PreferNoSchedule"}
    cordon = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    info = {"architecture": "arm64", "containerRuntimeVersion": "containerd://2", "kubeletVersion": "v1"}
    status = {"nodeInfo": info, "conditions": [{"type": "Ready", "status": "True"}]}
    spec = {"taints": [TAINT, soft, cordon], "unschedulable": True}

    made = cluster._node({"metadata": {"name": "a"}, "spec": spec, "status": status})
    assert (made.taints, made.cordoned, made.ready, made.takes) == ((TAINT,), True, True, False)


def test_pods_go_where_they_tolerate_it(tmp_path: Path) -> None:
    images = imageset.of([built(tmp_path, "amd64")])
    facts = Facts((1, 32), "v1", load().clusters()["k8s"], "x", (node("a"), node("b", TAINT)))
    spec: dict[str, Any] = {"tolerations": [{"key": "edge", "operator": "Exists"}]}
    plain = Pods("Deployment", {}, "the image", "its pods", "'x'", "")

    assert [each.name for each in nodes(plain, images, facts, pinned=False)] == ["a"]
    given = plain._replace(spec=spec)
    assert [each.name for each in nodes(given, images, facts, pinned=False)] == ["a", "b"]


SHOP = """\
containers:
  web: {image: c, needs: [store]}
  store: {image: b, needs: ['fill:completed']}
  fill: {image: a, restart: 'no'}
"""


def version(directory: Path) -> Version:
    made = tuple(manifests(directory, SHOP))
    return Version(made, (), {}, waves=order.waves(app(directory / "again", SHOP), made))


def test_a_version_remembers_what_comes_after_what(tmp_path: Path) -> None:
    made = version(tmp_path)
    kept = Release("shop", made)
    item = release.manifest(kept)

    found = release.parsed(json.loads(json.dumps(item)), "shop").current
    assert found == made
    assert found is not None
    assert found.waves == made.waves
    job = next(name for kind, name in made.workloads if kind == "Job")
    assert made.waves == (
        Wave((("Job", job),), (("Job", job),)),
        Wave((("Deployment", "shop-store"),)),
        Wave((("Deployment", "shop-web"),)),
    )


def test_each_step_has_its_workloads_and_the_first_all_else(tmp_path: Path) -> None:
    made = version(tmp_path)
    steps = [[each["kind"] for each in manifests_] for manifests_, _ in made.steps]

    assert [steps[0][-1], *steps[1:]] == ["Job", ["Deployment"], ["Deployment"]]
    assert sum(map(len, steps)) == len(made.manifests)
    one = replace(made, waves=())  # of a release that was written before there was an order
    [(all_, wave)] = one.steps
    assert (len(all_), wave) == (len(made.manifests), Wave(made.workloads))


def test_a_version_without_workloads_is_applied_too() -> None:
    [(found, wave)] = Version(({"kind": "ConfigMap", "metadata": {"name": "x"}},), (), {}).steps
    assert ([each["kind"] for each in found], wave) == (["ConfigMap"], Wave(()))


def test_nodes_that_went_are_left_out(tmp_path: Path) -> None:
    found = Order("shop", parts(tmp_path, "user: '1'\n"), {})
    made = app(tmp_path / "again", "user: '1'\n")
    facts = Facts((1, 32), "v1", None, "x", (node("a"), node("b")))
    [member] = order.members(found)
    copies = order.placement.placed([(facts.nodes, found.brought(member), member.part.images)])
    prepared = Prepared(found, made, facts, (), copies, Release("shop"))

    left = prepared.without({"b"})
    assert [each.name for each, _ in left.nodes] == ["a"]
    assert [each.ready for each in left.facts.nodes] == [True, False]
    with fails(
        f"no node is left for the image {member.image!r} [no-node]\n  hint: look at them: kubectl get nodes"
    ):
        prepared.without({"a", "b"})
