"""What `kubernetes:` of container.yaml can say."""

from __future__ import annotations

import re
from typing import Any

from sdk_hooks.core.spec import kinds, texts
from sdk_hooks.core.spec.kinds import Pairs, Section, Text
from sdk_hooks.kubernetes import KINDS, SERVICES, Kubernetes

_NAME = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"
_QUANTITY = r"[0-9]+(\.[0-9]+)?([KMGTPE]i?|k)?"
_FIELD = r"(\*|[0-9A-Za-z]+(-[0-9A-Za-z]+)?)(/[0-9]+)?"
_LIST = rf"{_FIELD}(,{_FIELD})*"
_CRON = rf"@(yearly|annually|monthly|weekly|daily|midnight|hourly)|{_LIST}( +{_LIST}){{4}}"


def _kubernetes(**said: Any) -> Kubernetes:
    found = Kubernetes(**said)
    if found.schedule and found.kind not in ("", "CronJob"):
        raise ValueError(f"a {found.kind} has no schedule")
    if found.kind == "CronJob" and not found.schedule:
        raise ValueError("a CronJob wants a 'schedule'")
    if found.replicas is not None and (found.kind in ("DaemonSet", "Job", "CronJob") or found.schedule):
        raise ValueError(f"a {found.kind or 'CronJob'} has no replicas")
    for name, count in found.resources.items():
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", name) or not count.isdecimal():
            raise ValueError(
                f"'resources' wants numbers by name, such as example.com/fpga: 1, not {name}: {count}"
            )
    return found


KUBERNETES = Section(
    "what counts on Kubernetes only",
    {
        "kind": kinds.choice(f"{', '.join(KINDS)}", *KINDS),
        "replicas": Text("a number of pods", texts.count, {"type": "integer"}),
        "schedule": kinds.matching(
            "when a CronJob runs, such as 0 3 * * *", _CRON, "a schedule such as 0 3 * * *"
        ),
        "service": kinds.choice(f"{', '.join(SERVICES)}", *SERVICES),
        "storage": kinds.matching(
            "the size of each named volume, 1Gi by default, or temporary",
            rf"{_QUANTITY}|temporary",
            "a size such as 1Gi",
        ),
        "storage_class": kinds.matching("the StorageClass of named volumes", _NAME, "a name"),
        "pull_secret": kinds.matching("the Secret for the registry of the image", _NAME, "a name"),
        "runtime_class": kinds.matching("a RuntimeClass of the cluster", _NAME, "a name"),
        "node_selector": Pairs("labels of the nodes that it may run on"),
        "resources": Pairs("what device plugins offer, such as example.com/fpga: 1"),
    },
    _kubernetes,
)
