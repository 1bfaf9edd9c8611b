"""How what runs on a cluster is told: `k8s-deploy --status` and `--logs`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from devtool_plugins.session import Session
from sdk_hooks.core.k8s import deploy, release, snapshot, trouble
from sdk_hooks.core.k8s.app import BY, INSTANCE
from sdk_hooks.core.k8s.failures import explained
from sdk_hooks.core.k8s.kubectl import Kubectl
from sdk_hooks.core.k8s.snapshot import Workload
from sdk_hooks.core.ui import table

_STREAMS = 50
"""Containers whose output is followed at once."""


def status(args: argparse.Namespace, session: Session, kubectl: Kubectl) -> int:
    """Print the workloads of each NAME, or of all applications of ours, with their pods."""
    from devtool_plugins.k8s_deploy import name_of

    names = [name_of(args, session, wanted) for wanted in args.names] or _all(kubectl)
    found = [(name, _known(kubectl, name)) for name in names]
    if args.format == "json":
        print(json.dumps([{"name": name, **record} for name, record in found], indent=2))
        return 0
    rows = [row for name, record in found for row in _rows(name, record)]
    print(table([("NAME", "WORKLOAD", "STATE", "NODE", "DIGEST", "ROLLBACK"), *rows]))
    return 0


def logs(args: argparse.Namespace, kubectl: Kubectl, name: str) -> int:
    """Print what the containers of *name* print, each line after its pod; gives the exit status."""
    if not snapshot.take(kubectl, name).workloads:
        raise deploy.not_there(name)
    words = [
        "logs", "--selector", snapshot.selector(name), "--all-containers", "--prefix", f"--tail={args.lines}",
        f"--max-log-requests={_STREAMS}", *(["--follow"] if args.follow else []),
    ]  # fmt: skip
    return kubectl.show(*words, out=sys.stdout.buffer)


def _all(kubectl: Kubectl) -> list[str]:
    """The names of our applications in the namespace."""
    by = ",".join(f"{key}={value}" for key, value in BY.items())
    items = kubectl.get("secrets", "--selector", by, f"--field-selector=type={release.TYPE}")["items"]
    return sorted(item["metadata"]["labels"][INSTANCE] for item in items)


def _known(kubectl: Kubectl, name: str) -> dict[str, Any]:
    """What is known of the application *name*."""
    found, remembered = snapshot.take(kubectl, name), release.read(kubectl, name)
    if not found.workloads and remembered.current is None:
        raise deploy.not_there(name)
    now = remembered.pending or remembered.current
    return {
        "digests": dict(now.digests) if now else {},
        "rollback": bool(remembered.previous or (remembered.pending and remembered.current)),
        "pending": remembered.pending is not None,
        "workloads": [_workload(each) for each in found.workloads],
    }


def _workload(found: Workload) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "name": found.name,
        "wanted": found.wanted,
        "ready": found.ready,
        "state": "finished" if found.finished else "up" if found.up else found.problem or "not up",
        "pods": [
            {
                "name": pod["metadata"]["name"],
                "node": pod["spec"].get("nodeName", ""),
                "state": _state(pod),
                "restarts": sum(
                    each.get("restartCount", 0) for each in pod["status"].get("containerStatuses") or ()
                ),
            }
            for pod in found.pods
        ],
    }


def _state(pod: Any) -> str:
    if snapshot.running(pod):
        return "ready"
    worst = next(trouble.of_pod(pod, 0), None)
    return (
        f"{worst.reason}: {worst.message}".rstrip(": ") if worst else pod["status"].get("phase", "").lower()
    )


def _rows(name: str, record: dict[str, Any]) -> Sequence[tuple[str, ...]]:
    """The application, its workloads, and below each its pods."""
    digests = {digest[:19] for digest in record["digests"].values()}
    digest = digests.pop() if len(digests) == 1 else ""
    back = "yes" if record["rollback"] else "no"
    rows = []
    for number, each in enumerate(record["workloads"]):
        count = "" if each["kind"] in ("Job", "CronJob") else f" ({each['ready']} of {each['wanted']})"
        first = (name, digest, back) if not number else ("", "", "")
        state = each["state"]
        if " is forbidden: " in state:  # a line of a table, and not all that the cluster says
            state = explained(state).what.replace("kubectl failed", state)
        rows.append((first[0], f"{each['kind']} {each['name']}", state + count, "", *first[1:]))
        rows += [("", f"  {pod['name']}", pod["state"], pod["node"], "", "") for pod in each["pods"]]
    return rows
