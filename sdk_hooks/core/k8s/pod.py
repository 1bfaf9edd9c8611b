"""The pod of a container: what the restricted Pod Security Standard allows, unless more is asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sdk_hooks.container import Device, DeviceMatch, HealthCheck, Volume
from sdk_hooks.core.deploy.parts import SECRETS
from sdk_hooks.core.k8s import confinement, names
from sdk_hooks.core.k8s.app import ARCHITECTURE, App, Member, label
from sdk_hooks.target import Argv
from sdk_hooks.tmpfs import Tmpfs

_LOW = 1024
"""Ports below which only root listens, unless the kernel is told otherwise."""
_CDI = "cdi"
_SECRETS, _CONFIGS = "devtool-secrets", "devtool-configs"
"""Volumes of ours, among those that are named by who wrote container.yaml."""


def template(app: App, member: Member) -> dict[str, Any]:
    """The `template` of a workload."""
    return {
        "metadata": {"labels": app.labels(member), **_annotations(app, member)},
        "spec": _spec(app, member),
    }


def ports(member: Member) -> list[tuple[str, int, str]]:
    """(name, number in the container, protocol) of each of its ports."""
    found = {(port.container, port.protocol): None for port in member.part.settings.ports}
    return [(f"{protocol}-{number}", number, protocol.upper()) for number, protocol in found]


def claims(app: App, member: Member) -> dict[str, Volume]:
    """Its named volumes that are claims of storage, by the claim's name: all parts share those of a name."""
    if member.said.storage == "temporary":
        return {}
    named = [volume for volume in member.part.settings.volumes if volume.named]
    return {f"{app.name}-{label(volume.source)}": volume for volume in named}


def _spec(app: App, member: Member) -> dict[str, Any]:
    settings, said = member.part.settings, member.said
    found: dict[str, Any] = {
        "serviceAccountName": app.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": max(1, round(settings.stop_timeout)),
        "securityContext": _pod_security(app, member),
        "containers": [_container(app, member)],
    }
    optional = {
        "restartPolicy": {"Job": "Never", "CronJob": "Never"}.get(member.kind),
        "hostNetwork": True if settings.network == "host" else None,
        "hostPID": True if settings.pid else None,
        "hostIPC": True if settings.ipc else None,
        "dnsConfig": names.servers(settings) or None,
        "hostname": settings.hostname or None,
        "hostAliases": names.aliases(member) or None,
        "imagePullSecrets": [{"name": said.pull_secret}] if said.pull_secret else None,
        "runtimeClassName": said.runtime_class or None,
        "nodeSelector": dict(said.node_selector) or None,
        "affinity": _affinity(app, member),
        "topologySpreadConstraints": _spread(app, member),
        "volumes": _volumes(app, member) or None,
    }
    return {**found, **{key: value for key, value in optional.items() if value is not None}}


def _container(app: App, member: Member) -> dict[str, Any]:
    settings = member.part.settings
    found: dict[str, Any] = {
        "name": app.container(member),
        "image": member.image,
        "imagePullPolicy": "IfNotPresent",
        "securityContext": confinement.container(member, nodes=bool(_devices(member))),
    }
    command, args = settings.entrypoint, settings.cmd
    optional = {
        "command": _literal(command),
        "args": _literal(args),
        "workingDir": settings.workdir or None,
        "env": [{"name": key, "value": _escaped(value)} for key, value in settings.env.items()] or None,
        "ports": [
            {"name": name, "containerPort": number, "protocol": protocol}
            for name, number, protocol in ports(member)
        ]
        or None,
        "resources": _resources(member) or None,
        "volumeMounts": _mounts(app, member) or None,
        **(_probes(member) if member.serves else {}),
    }
    return {**found, **{key: value for key, value in optional.items() if value is not None}}


def _literal(words: Argv | None) -> list[str] | None:
    return [_escaped(word) for word in words] if words else None


def _escaped(text: str) -> str:
    """*text* for where Kubernetes puts in variables, and takes two $ for one."""
    return text.replace("$", "$$")


def _annotations(app: App, member: Member) -> dict[str, Any]:
    """A digest of its files, so that new ones mean new pods; names of devices and of networks."""
    part = member.part
    content = [(each.name, each.content) for each in part.secrets]
    content += [(each.name, each.content) for each in part.configs]
    found: dict[str, str] = {}
    if content:
        digest = hashlib.sha256(repr(content).encode()).hexdigest()
        found["devtool-containers/files"] = digest[:16]
    cdi = [
        device for device in part.settings.devices if isinstance(device, DeviceMatch) and device.kind == _CDI
    ]
    if cdi:
        found["cdi.k8s.io/devtool-containers"] = ",".join(device.words[0] for device in cdi)
    attached = attachments(app, member)
    if attached:
        found["k8s.v1.cni.cncf.io/networks"] = json.dumps([{"name": name} for name in attached])
    found.update(confinement.profile(app, member))
    return {"annotations": found} if found else {}


def attachments(app: App, member: Member) -> list[str]:
    """The networks besides the cluster's own that its pods join, by the names of their objects."""
    networks = member.part.settings.networks
    return [f"{app.name}-{label(network.name)}" for network in networks if network.driver != "bridge"]


def _pod_security(app: App, member: Member) -> dict[str, Any]:
    low = any(number < _LOW for _, number, _ in ports(member)) and member.part.settings.network != "host"
    return confinement.pod(app, member, low=low, shares=bool(claims(app, member)))


def _resources(member: Member) -> dict[str, Any]:
    limits, said = member.part.settings.resources, dict(member.said.resources)
    found = {
        **({"memory": str(limits.memory)} if limits.memory else {}),
        **({"cpu": f"{round(limits.cpus * 1000)}m"} if limits.cpus else {}),
        **said,
    }
    # as much is set aside as it may take: whoever wants less says so in an overlay
    return {"limits": found, "requests": found} if found else {}


def _probes(member: Member) -> dict[str, Any]:
    check = member.part.settings.healthcheck
    if check is None:
        return {}
    how = _action(check, member)
    period, seconds = max(1, round(check.interval)), max(1, round(check.timeout))
    often = {"periodSeconds": period, "timeoutSeconds": seconds}
    tries = max(1, check.retries) + round(check.start_period) // period
    return {
        "startupProbe": {
            **how,
            "periodSeconds": 1,
            "timeoutSeconds": seconds,
            "failureThreshold": tries * period,
        },
        "readinessProbe": {**how, **often, "failureThreshold": 3},
        "livenessProbe": {**how, **often, "failureThreshold": max(3, check.retries)},
    }


def _action(check: HealthCheck, member: Member) -> dict[str, Any]:
    if check.command:
        return {"exec": {"command": _literal(check.command)}}
    moved = {port.host: port.container for port in member.part.settings.ports}
    return {"httpGet": {"path": check.path, "port": moved.get(check.port, check.port)}}


def _affinity(app: App, member: Member) -> dict[str, Any] | None:
    wanted = app.pinned.get(member.part.name)
    if not wanted:
        return None
    rule = {"key": ARCHITECTURE, "operator": "In", "values": list(wanted)}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


def _spread(app: App, member: Member) -> list[dict[str, Any]] | None:
    if (member.said.replicas or 1) < 2:
        return None
    return [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": app.selector(member)},
        }
    ]


def _devices(member: Member) -> list[Device]:
    return [device for device in member.part.settings.devices if isinstance(device, Device)]


def _volumes(app: App, member: Member) -> list[dict[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for volume in member.part.settings.volumes:
        name = _volume_name(volume)
        if not volume.named:
            found[name] = {"hostPath": {"path": volume.source}}
        elif member.said.storage == "temporary":
            found[name] = {"emptyDir": {}}
        elif member.kind != "StatefulSet":
            found[name] = {"persistentVolumeClaim": {"claimName": f"{app.name}-{label(volume.source)}"}}
    for device in _devices(member):
        found[_path_name(device.source)] = {"hostPath": {"path": device.source}}
    for tmpfs in member.part.settings.tmpfs:
        limit = {"sizeLimit": str(tmpfs.size)} if tmpfs.size else {}
        found[_tmpfs_name(tmpfs)] = {"emptyDir": {"medium": "Memory", **limit}}
    if member.part.secrets:
        found[_SECRETS] = {"secret": {"secretName": app.resource(member), "defaultMode": 0o444}}
    if member.part.configs:
        found[_CONFIGS] = {"configMap": {"name": configs(app, member)}}
    return [{"name": name, **source} for name, source in found.items()]


def _mounts(app: App, member: Member) -> list[dict[str, Any]]:  # noqa: ARG001  one signature for all
    found = [
        {
            "name": _volume_name(volume),
            "mountPath": volume.target,
            **({"readOnly": True} if volume.read_only else {}),
        }
        for volume in member.part.settings.volumes
    ]
    found += [{"name": _path_name(each.source), "mountPath": each.target} for each in _devices(member)]
    found += [{"name": _tmpfs_name(each), "mountPath": each.target} for each in member.part.settings.tmpfs]
    if member.part.secrets:
        found.append({"name": _SECRETS, "mountPath": SECRETS, "readOnly": True})
    for config in member.part.configs:
        found.append({"name": _CONFIGS, "mountPath": config.target, "subPath": config.name, "readOnly": True})
    return found


def configs(app: App, member: Member) -> str:
    """What the object that holds the files of its settings is called."""
    return f"{app.resource(member)}-config"


def _volume_name(volume: Volume) -> str:
    return label(volume.source) if volume.named else _path_name(volume.source)


def _tmpfs_name(tmpfs: Tmpfs) -> str:
    return _path_name(tmpfs.target).replace("path-", "memory-", 1)


def _path_name(path: str) -> str:
    return f"path-{label(path)[:40]}".rstrip("-") + f"-{hashlib.sha256(path.encode()).hexdigest()[:6]}"
