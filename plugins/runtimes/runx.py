"""runX: each container as a virtual machine of Xen, started with `xl` by shell scripts."""

from __future__ import annotations

from sdk_hooks import Container, Needs, Target, hookimpl
from sdk_hooks.runclike import RuncLike


class RunX(RuncLike):
    name = "runx"
    summary = "each container as a small virtual machine of Xen, without an agent in it"
    alone = False  # it has create and start, but no run, and its state is one also of what is not there
    program = "runX"

    def needs(self, target: Target) -> Needs:  # noqa: ARG002
        return Needs(
            programs=("runX", "xl", "jq", "bash"),
            one_of=("/dev/xen/privcmd", "/proc/xen/privcmd"),
            one_of_means="Xen, and a login to its dom0",
        )

    def refuses(self, container: Container) -> str:
        """Its machine gets the root file system over 9p and a command line, and nothing else."""
        settings = container.settings
        names = {item.partition("=")[0] for item in container.config.get("Env") or ()} - {"PATH"}
        if container.user != (0, 0):
            return "run as another user than root"
        if settings.env or names:
            return f"set environment variables: {', '.join(sorted({*settings.env, *names}))}"
        if settings.network != "host" or container.networks:
            return "give a container another network than dom0's, whose sockets it has"
        if settings.hostname:
            return "give its machine a host name"
        if (
            settings.resources.memory
            or settings.resources.cpus
            or settings.resources.pids
            or settings.ulimits
        ):
            return "limit resources: its machines have 1024 MB and two processors"
        if container.devices or container.cdi:
            return "pass devices"
        if settings.cap_add or settings.cap_drop:
            return "give its machine other capabilities than all"
        if settings.healthcheck and settings.healthcheck.command:
            return "run a health check's command in the container"
        return "make the root file system read-only" if settings.read_only else ""


@hookimpl
def sdk_runtimes() -> list[RunX]:
    return [RunX()]
