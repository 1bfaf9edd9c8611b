"""What to do instead of a key of compose files that is not supported."""

from __future__ import annotations

_WHOLE = "write all of it into one file; compose itself does: config"
_HINTS = {
    "include": _WHOLE,
    "services.*.extends": _WHOLE,
    "services.*.build": "build the image with container-build, and name it: image:",
    "services.*.privileged": "name what it needs: devices:, cap_add:",
    "services.*.group_add": "leave it out: its user gets the groups that may open its devices",
    "services.*.logging": "leave it out: without an engine two megabytes are kept, engines have settings",
    "services.*.security_opt": "leave it out; cap_drop: [ALL] and read_only: true leave little to abuse",
    "services.*.sysctls": "an application file of ours has them: networks: {NAME: {sysctl: ...}}",
    "services.*.dns": "leave it out: name servers are those of the target; names: extra_hosts:",
    "services.*.dns_search": "leave it out: search domains are those of the target",
    "services.*.runtime": "choose it when you deploy: --runtime",
    "services.*.scale": "leave it out: one of each runs on a target; on Kubernetes: replicas:",
    "services.*.pid": "leave it out: processes of the target are not to be seen",
    "services.*.ipc": "leave it out; for more shared memory: shm_size:",
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
