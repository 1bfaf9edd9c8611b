"""The kinds of objects that we make, and what kubectl calls them."""

from __future__ import annotations

from collections.abc import Mapping

from sdk_hooks.kubernetes import KINDS as WORKLOADS

__all__ = ["ASKED", "NETWORKS", "RESOURCES", "STORAGE", "WORKLOADS"]

STORAGE, NETWORKS = "PersistentVolumeClaim", "NetworkAttachmentDefinition"
RESOURCES: Mapping[str, str] = {
    "Deployment": "deployments.apps",
    "StatefulSet": "statefulsets.apps",
    "DaemonSet": "daemonsets.apps",
    "Job": "jobs.batch",
    "CronJob": "cronjobs.batch",
    "Service": "services",
    "PodDisruptionBudget": "poddisruptionbudgets.policy",
    "NetworkPolicy": "networkpolicies.networking.k8s.io",
    "ConfigMap": "configmaps",
    "Secret": "secrets",
    "ServiceAccount": "serviceaccounts",
    STORAGE: "persistentvolumeclaims",
    NETWORKS: "network-attachment-definitions.k8s.cni.cncf.io",
}
"""Workloads first: what they use goes after them."""
ASKED = ",".join([*(RESOURCES[kind] for kind in WORKLOADS), "replicasets.apps", "pods"])
"""What tells how workloads are."""
