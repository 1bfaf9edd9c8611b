"""What to do instead of a key of compose files that is not supported."""

from __future__ import annotations

_HINTS = {
    "services.*.logging": "leave it out: without an engine two megabytes are kept, engines have settings",
    "services.*.runtime": "choose it when you deploy: --runtime",
    "services.*.scale": "leave it out: one of each runs on a target; on Kubernetes: replicas:",
    "services.*.volumes_from": "name the volume in both services: volumes:",
    "services.*.networks.*.aliases": "a service is found by its own name, others by extra_hosts:",
    "services.*.networks.*.ipv4_address": "leave it out: services find each other by name",
    "volumes.*.driver_opts": "a directory of the target is mounted by its path: volumes: [/srv/data:/data]",
}


def hint(key: str) -> str:
    """For the key, by its place in the file; empty where there is no advice."""
    words = key.split(".")
    words[1::2] = ["*"] * len(words[1::2])
    return _HINTS.get(".".join(words), "")
