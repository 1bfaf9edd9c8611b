"""What a container can't have on Kubernetes, told before anything is asked of a cluster."""

from __future__ import annotations

from collections.abc import Iterator

from sdk_hooks.container import Device, DeviceMatch, Settings
from sdk_hooks.core.k8s import confinement, pod
from sdk_hooks.core.k8s.app import App, Member
from sdk_hooks.errors import SdkError
from sdk_hooks.tmpfs import STICKY


def check(app: App) -> None:
    """Refuse what no pod can do.

    :raises SdkError: With the key of container.yaml that says it.
    """
    for member in app.members:
        for key, what, hint in _problems(app, member):
            raise SdkError(
                f"the container {member.part.name or app.name!r} can't be a pod: {what}",
                hint=hint or f"leave out {key}: for Kubernetes",
                code="no-pod",
            )


def warnings(app: App) -> list[str]:
    """What the restricted Pod Security Standard does not allow of *app*, and what is not as on a target."""
    return [f"{member.part.name or app.name}: {text}" for member in app.members for text in _remarks(member)]


_LARGEST = 1 << 20
"""Bytes of the files in a ConfigMap or a Secret."""


def _problems(app: App, member: Member) -> Iterator[tuple[str, str, str]]:
    """(key, what, hint), the hint empty for leaving it out."""
    settings = member.part.settings
    if settings.ulimits:
        yield "ulimits", f"Kubernetes has no limit {settings.ulimits[0].name!r} of processes", ""
    if settings.hooks:
        yield "hooks", "Kubernetes has no hooks of runtimes", ""
    if settings.stop_signal:
        yield (
            "stop_signal",
            f"Kubernetes stops it with its image's signal, not with {settings.stop_signal!r}",
            "say stop_signal: when it is built",
        )
    yield from _networks(settings)
    for device in settings.devices:
        if isinstance(device, DeviceMatch) and device.kind != "cdi":
            hint = "name its node, its CDI name, or what a device plugin offers: kubernetes: resources:"
            yield "devices", f"{device} is looked for on one target, and not on many nodes", hint
    for key, files in (("configs", member.part.configs), ("secrets", member.part.secrets)):
        size = sum({each.name: len(each.content) for each in files}.values())
        if size > _LARGEST:
            what = f"its {key} have {size} bytes, and Kubernetes takes {_LARGEST}"
            yield key, what, f"put less into {key}:, or into the image"
    held = pod.claims(app, member)
    if held and member.kind == "DaemonSet":
        hint = "name a directory of the node: volumes: [/var/lib/...:/...]; or kubernetes: storage: temporary"
        yield (
            "volumes",
            f"the pods of a DaemonSet can't share the volume {next(iter(held.values())).source!r}",
            hint,
        )
    if held and member.kind == "Deployment" and (member.said.replicas or 1) > 1:
        hint = "give each pod one of its own: kubernetes: kind: StatefulSet"
        yield "volumes", f"its replicas can't share the volume {next(iter(held.values())).source!r}", hint


def _networks(settings: Settings) -> Iterator[tuple[str, str, str]]:
    shared = {"net.": settings.network == "host", "": bool(settings.ipc)}
    for name in settings.sysctls:
        if shared["net." if name.startswith("net.") else ""]:
            yield "sysctls", f"{name} is its node's, whose network or memory it shares", ""
    for network in settings.networks:
        if network.external:
            yield "networks", f"a cluster has no network {network.name!r} that is there already", ""
    if settings.network == "none":
        yield "network", "every pod has a network", ""


def _remarks(member: Member) -> Iterator[str]:
    settings = member.part.settings
    if not member.user[0]:
        yield "it runs as root, which the restricted Pod Security Standard refuses: user: in container.yaml"
    if settings.network == "host":
        yield "it is on the network of its node, which only privileged namespaces allow"
    if any(not volume.named for volume in settings.volumes) or any(
        not isinstance(device, DeviceMatch) for device in settings.devices
    ):
        yield "it has paths of its node, which only privileged namespaces allow"
    yield from confinement.remarks(member)
    odd = [name for name in settings.cap_add if name != "CAP_NET_BIND_SERVICE"]
    if odd:
        yield f"it has {odd[0]}, which the restricted Pod Security Standard refuses"
    closed = next((each for each in settings.tmpfs if each.mode != STICKY), None)
    if closed:
        yield f"{closed.target} is open to all its users: Kubernetes knows no mode of a directory in memory"
    for device in settings.devices:
        said = device.access if isinstance(device, Device) else "rw"
        if not {*"rw"} <= {*said}:
            yield f"{device.target} can be read and written: Kubernetes knows no {said!r} of a device"
    for port in member.published:
        if port.address not in ("", "0.0.0.0", "::", "[::]"):  # noqa: S104  addresses to look for
            yield f"port {port.host} is not bound to {port.address}: a Service has an address of its own"
    if settings.resources.pids:
        yield "the number of its processes is up to the kubelet (podPidsLimit)"
