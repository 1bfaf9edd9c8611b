"""What `security_opt:` says, and whether the filter of system calls and new privileges follow from it."""

from __future__ import annotations

from sdk_hooks.container import Settings

NO_NEW_PRIVILEGES = "no-new-privileges"
"""No program of its gets rights that it was not started with: setuid has no effect."""
NO_FILTER = "seccomp=unconfined"
NO_APPARMOR = "apparmor=unconfined"
NO_LABEL = "label=disable"
"""Without the filter of system calls, AppArmor's profile, SELinux's label."""
OPTIONS = (NO_NEW_PRIVILEGES, NO_FILTER, NO_APPARMOR, NO_LABEL)


def beyond(settings: Settings, *known: str) -> str:
    """The first thing that a runtime has to know of, as `Runtime.refuses` says it; empty when there is none.

    :param known: What it knows of, as container.yaml has it.
    """
    said = (
        ("sysctls", settings.sysctls, "set {0} in the container's namespaces"),
        ("group_add", settings.group_add, "add the group {0} to those of a container's user"),
        ("security_opt", _kept_in(settings), "keep programs from new privileges: {0}"),
        ("privileged", ("",) if settings.privileged else (), "give a container all devices and rights"),
        ("pid", ("",) if settings.pid else (), "show a container the target's processes"),
        ("ipc", ("",) if settings.ipc else (), "share the target's memory with a container"),
    )
    found = (what.format(next(iter(values))) for key, values, what in said if values and key not in known)
    return next(found, "")


def _kept_in(settings: Settings) -> tuple[str, ...]:
    return tuple(each for each in settings.security_opt if each == NO_NEW_PRIVILEGES)


def filtered(settings: Settings) -> bool:
    """Whether system calls are filtered where the stack can do that."""
    return not settings.privileged and NO_FILTER not in settings.security_opt
