"""What ctr is told of a container's rights, devices and namespaces, and what it has no words for."""

from __future__ import annotations

from sdk_hooks import Argv, Container, Device, SdkError
from sdk_hooks.bundle import dropped


def privileges(container: Container) -> Argv:
    """Options for what it may do, and where it starts.

    :raises SdkError: With the first thing that ctr can't give it.
    """
    settings = container.settings
    _check(container)
    return (
        *(("--cwd", settings.workdir) if settings.workdir else ()),
        *(("--privileged",) if settings.privileged else ()),
        *(word for name in settings.cap_add for word in ("--cap-add", name)),
        *(word for name in dropped(settings) for word in ("--cap-drop", name)),
    )


def devices(container: Container) -> Argv:
    """Options for the devices that it has.

    :raises SdkError: When ctr can't give one as it is asked for.
    """
    for device in (node.device for node in container.devices):
        if device != Device(device.source, device.source):
            what = f"ctr can't give the device {device.source!r} another path or less access"
            raise SdkError(what, hint=f"write it as {device.source}, or use another stack", code="no-device")
    if container.groups and not container.settings.group_add:
        what = f"ctr can't put a container's user into the group {container.groups[0]} of its device"
        raise SdkError(what, hint="use another stack, or user: root in container.yaml", code="no-device")
    names = (*(node.device.source for node in container.devices), *container.cdi)
    return tuple(word for name in names for word in ("--device", name))


def namespaces(container: Container) -> Argv:
    """Options for those of the target that it shares."""
    settings = container.settings
    shared = [kind for kind in ("pid", "ipc") if getattr(settings, kind)]
    memory = ("--mount", "type=bind,src=/dev/shm,dst=/dev/shm,options=rbind:rw")
    words = [word for kind in shared for word in ("--with-ns", f"{kind}:/proc/1/ns/{kind}")]
    return (*words, *(memory if settings.ipc else ()))


def _check(container: Container) -> None:
    """
    :raises SdkError: With the first thing that ctr has no word for.
    """
    settings = container.settings
    # a CNI plugin sets those of a network
    kernel = [name for name in settings.sysctls if not (container.networks and name.startswith("net."))]
    shared = [key for key in ("pid", "ipc") if getattr(settings, key) and container.nested]
    user = (settings.user,) if settings.user else ()
    refused = (
        (settings.hostname, "give a container a host name", "leave out hostname:", "hostname"),
        (settings.ulimits, "set the limit {0.name!r} of processes", "leave out ulimits:", "ulimit"),
        (
            user,
            "let a container run as {0!r} instead of its image's user",
            "say user: when it is built",
            "user",
        ),
        (settings.group_add, "put a container's user into the group {0!r}", "leave out group_add:", "group"),
        (kernel, "set {0} in a container", "leave it out of sysctls:", "sysctl"),
        (shared, "share the target's {0} without root", "leave out {0}:", "share"),
    )
    for said, what, hint, code in refused:
        if said:
            text, leave = (each.format(said[0]) for each in (f"ctr can't {what}", hint))
            raise SdkError(text, hint=f"use another stack, or {leave}", code=f"no-{code}")
