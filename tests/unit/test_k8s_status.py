"""`k8s-deploy --status` tells in a few words why there are no pods."""

from __future__ import annotations

from typing import Any

from devtool_plugins import cluster_view

QUOTA = "exceeded quota: small, requested: limits.memory=32Mi, used: limits.memory=64Mi, limited: 64Mi"


def told(state: str) -> str:
    work: dict[str, Any] = {
        "kind": "Deployment",
        "name": "web",
        "wanted": 3,
        "ready": 2,
        "state": state,
        "pods": [],
    }
    [row] = cluster_view._rows("web", {"digests": {}, "rollback": True, "workloads": [work]})
    return row[2]


def test_a_refusal_is_told_in_plain_words() -> None:
    assert told("up") == "up (2 of 3)"
    text = f'pods "web-7b5c747d7b-g2z28" is forbidden: {QUOTA}'
    assert told(text) == "the quota 'small' of the namespace does not allow it (2 of 3)"


def test_what_is_not_known_is_told_as_it_is() -> None:
    assert told('pods "web-1" is forbidden: no') == 'pods "web-1" is forbidden: no (2 of 3)'
