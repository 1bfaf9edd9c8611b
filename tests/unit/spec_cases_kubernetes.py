"""What `kubernetes:` understands, and what is said of the rest; as in spec_cases."""

# ruff: noqa: E501  what is said is read best in one line

from typing import Any

from sdk_hooks.kubernetes import Kubernetes

GOOD: list[tuple[str, str, Any]] = [
    (f"kubernetes: {{{text}}}", "kubernetes", value)
    for text, value in (
        ("", Kubernetes()),
        ("kind: StatefulSet, replicas: 3", Kubernetes("StatefulSet", 3)),
        ("replicas: 0", Kubernetes(replicas=0)),
        ('schedule: "*/5 0-6 * * mon,tue"', Kubernetes(schedule="*/5 0-6 * * mon,tue")),
        ('kind: CronJob, schedule: "@daily"', Kubernetes("CronJob", schedule="@daily")),
        ("service: none", Kubernetes(service="none")),
        (
            "storage: 1.5Gi, storage_class: local-path",
            Kubernetes(storage="1.5Gi", storage_class="local-path"),
        ),
        ("storage: temporary", Kubernetes(storage="temporary")),
        (
            "pull_secret: regcred, runtime_class: kata",
            Kubernetes(pull_secret="regcred", runtime_class="kata"),
        ),
        ("node_selector: {a.b/c: d}", Kubernetes(node_selector={"a.b/c": "d"})),
        ("resources: {example.com/fpga: 1}", Kubernetes(resources={"example.com/fpga": "1"})),
    )
]
KINDS = "Deployment, StatefulSet, DaemonSet, Job, CronJob"
BAD: list[tuple[str, str, str, str]] = [
    ("kubernetes: yes", "1:13", "'kubernetes' wants keys and values", ""),
    ("kubernetes: {kind: Pod}", "1:20", f"'kubernetes.kind': 'Pod' is not one of {KINDS}", f"kubernetes.kind wants {KINDS}"),
    ("kubernetes: {kind: Job, schedule: '1 1 1 1 1'}", "1:13", "'kubernetes': a Job has no schedule", ""),
    ("kubernetes: {kind: CronJob}", "1:13", "'kubernetes': a CronJob wants a 'schedule'", ""),
    ("kubernetes: {kind: DaemonSet, replicas: 2}", "1:13", "'kubernetes': a DaemonSet has no replicas", ""),
    ("kubernetes: {schedule: daily}", "1:24", "'kubernetes.schedule': 'daily' is not a schedule such as 0 3 * * *", "kubernetes.schedule wants when a CronJob runs, such as 0 3 * * *"),
    ("kubernetes: {replicas: -1}", "1:24", "'kubernetes.replicas': '-1' is not a whole number", "kubernetes.replicas wants a number of pods"),
    ("kubernetes: {storage: big}", "1:23", "'kubernetes.storage': 'big' is not a size such as 1Gi", "kubernetes.storage wants the size of each named volume, 1Gi by default, or temporary"),
    ("kubernetes: {resources: {fpga: 1}}", "1:13", "'kubernetes': 'resources' wants numbers by name, such as example.com/fpga: 1, not fpga: 1", ""),
    ("kubernetes: {pods: 1}", "1:14", "unknown key 'pods' in 'kubernetes'", "known: kind, node_selector, pull_secret, replicas, resources, runtime_class, schedule, service, storage, storage_class"),
]  # fmt: skip
