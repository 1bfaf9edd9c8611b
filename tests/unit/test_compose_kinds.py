"""What a service of a compose file is on a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtool_plugins import settings
from sdk_hooks.core import applications
from sdk_hooks.core.k8s import objects, order
from sdk_hooks.core.k8s.app import App, Manifest
from sdk_hooks.core.k8s.kinds import WORKLOADS
from sdk_hooks.core.k8s.order import Order
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec import read

from .helpers import file, make, write
from .k8smaker import USER


@pytest.mark.parametrize(
    ("text", "own", "kind"),
    [
        ("", "", "Deployment"),
        ("restart: 'no'", "", "Job"),
        ("restart: on-failure", "", "Job"),
        ("restart: always", "", "Deployment"),
        ("", "kubernetes: {kind: StatefulSet}", "StatefulSet"),
        ("", "kubernetes: {schedule: '@daily'}", "CronJob"),
        ("", "kubernetes: {replicas: 2}", "Deployment"),
    ],
)
def test_a_service_that_says_nothing_of_its_end_goes_on(
    tmp_path: Path, text: str, own: str, kind: str
) -> None:
    found = made(tmp_path, f"services: {{a: {{image: a, ports: ['80:8080'], {text}}}}}", own)

    assert found["kind"] == kind
    assert found["spec"].get("replicas") == (2 if "replicas" in own else None)


def test_whose_end_others_wait_for_is_a_job(tmp_path: Path) -> None:
    text = "{image: a, depends_on: {a: {condition: service_completed_successfully}}}"
    assert made(tmp_path, f"services: {{a: {{image: a}}, b: {text}}}", "")["kind"] == "Job"


def made(directory: Path, text: str, own: str) -> Manifest:
    """The workload of the service a, whose image says *own*."""
    path = write(directory, {"compose.yaml": text, "a/container.yaml": USER + own}) / "compose.yaml"
    make(directory / "a-latest-oci", file("usr/bin/a", b"#!", 0o755), spec=read.find(directory / "a"))
    parts = applications.assemble(applications.load(path), path, directory, settings.of_image)
    found = App("shop", order.members(Order("shop", parts, {})), "edge")
    [workload] = (
        each
        for each in objects.manifests(found, load().network)
        if each["kind"] in WORKLOADS and each["metadata"]["name"].startswith("shop-a")
    )
    return workload
