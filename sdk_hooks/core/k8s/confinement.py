"""What keeps a pod in: the restricted Pod Security Standard, and what is said against that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sdk_hooks.core.files import users
from sdk_hooks.core.k8s.app import App, Member
from sdk_hooks.security import NO_APPARMOR, NO_FILTER, NO_LABEL

_UNPRIVILEGED = "net.ipv4.ip_unprivileged_port_start"
_SAFE = (
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range", _UNPRIVILEGED, "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
)  # fmt: skip
"""Those that every kubelet lets pods set (Kubernetes 1.32)."""


def pod(app: App, member: Member, *, low: bool, shares: bool) -> dict[str, Any]:
    """The `securityContext` of a pod.

    :param low: Whether it listens at ports that are root's.
    :param shares: Whether it has storage that its user has to be able to write to.
    """
    (uid, gid), settings = member.user, member.part.settings
    sysctls, said = dict(settings.sysctls), settings.security_opt
    found: dict[str, Any] = {
        "seccompProfile": {"type": "Unconfined" if NO_FILTER in said else "RuntimeDefault"},
        **({"seLinuxOptions": {"type": "spc_t"}} if NO_LABEL in said else {}),
        **({"appArmorProfile": {"type": "Unconfined"}} if _profiled(member) and _has_profile(app) else {}),
    }
    if uid:
        found.update(runAsNonRoot=True, runAsUser=uid, runAsGroup=gid)
        if shares:
            found["fsGroup"] = gid
        if low and app.version >= (1, 22):
            sysctls = {_UNPRIVILEGED: "0", **sysctls}
    groups = users.groups(member.part.image, settings.group_add)
    if groups:
        found["supplementalGroups"] = list(groups)
    if sysctls:
        found["sysctls"] = [{"name": name, "value": value} for name, value in sysctls.items()]
    return found


def container(member: Member, *, nodes: bool) -> dict[str, Any]:
    """The `securityContext` of its container.

    :param nodes: Whether it has device nodes of its host, which are there for who is privileged only.
    """
    settings = member.part.settings
    found: dict[str, Any] = {"allowPrivilegeEscalation": False}
    caps = {"drop": ["ALL"] if member.user[0] else _unprefixed(settings.cap_drop)}
    caps["add"] = _unprefixed(settings.cap_add)
    if caps["drop"] or caps["add"]:
        found["capabilities"] = {key: names for key, names in caps.items() if names}
    if settings.read_only:
        found["readOnlyRootFilesystem"] = True
    if nodes or settings.privileged:
        found = {**found, "privileged": True, "allowPrivilegeEscalation": True}
        found.pop("capabilities", None)
    return found


def profile(app: App, member: Member) -> dict[str, str]:
    """How clusters before 1.30 are told that no profile of AppArmor is wanted."""
    key = f"container.apparmor.security.beta.kubernetes.io/{app.container(member)}"
    return {key: "unconfined"} if _profiled(member) and not _has_profile(app) else {}


def remarks(member: Member) -> Iterator[str]:
    """What the Pod Security Standards, or kubelets, refuse unless they are told otherwise."""
    settings = member.part.settings
    if settings.privileged:
        yield "it is privileged, which only privileged namespaces allow"
    for key, whose in (("pid", "processes"), ("ipc", "memory")):
        if getattr(settings, key):
            yield f"it shares the {whose} of its node, which only privileged namespaces allow"
    loose = [each for each in settings.security_opt if each in (NO_FILTER, NO_APPARMOR, NO_LABEL)]
    if loose:
        yield f"it has {loose[0]}, which only privileged namespaces allow"
    odd = next((name for name in settings.sysctls if name not in _SAFE), "")
    if odd:
        yield f"it sets {odd}, which kubelets allow when told to: --allowed-unsafe-sysctls={odd}"


def _profiled(member: Member) -> bool:
    return NO_APPARMOR in member.part.settings.security_opt


def _has_profile(app: App) -> bool:
    return app.version >= (1, 30)


def _unprefixed(names: Iterable[str]) -> list[str]:
    return [name.removeprefix("CAP_") for name in names]
