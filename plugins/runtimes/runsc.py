"""runsc, the OCI runtime of gVisor: a kernel in user space between the container and the target's own."""

from __future__ import annotations

from sdk_hooks import Argv, Container, hookimpl
from sdk_hooks.runclike import RuncLike
from sdk_hooks.security import beyond


class Runsc(RuncLike):
    name = "runsc"
    summary = "gVisor: system calls go to a kernel in user space, for code that is not trusted"
    # its own network stack takes the addresses of the interfaces that it finds away from the target
    options = ("--network=host",)
    handler = "io.containerd.runsc.v1"

    def filters(self) -> Argv:
        return ()  # what is asked of its kernel never reaches the target's

    def refuses(self, container: Container) -> str:
        wanted = container.devices or container.cdi
        inside = [h.path for h in container.hooks if h.stage in ("createContainer", "startContainer")]
        if inside:  # it passes over them, and says so in its log only
            return f"call hooks in the container's namespaces: {inside[0]}"
        if wanted or container.settings.privileged:
            return "pass devices: its kernel has no drivers for them"
        if container.settings.cap_add and container.user[0]:
            return f"give {container.settings.cap_add[0]} to a user other than root"
        return beyond(container.settings, "group_add", "security_opt")


@hookimpl
def sdk_runtimes() -> list[Runsc]:
    return [Runsc()]
