"""runX: each container as a virtual machine of Xen, started with `xl` by shell scripts."""

from __future__ import annotations

from sdk_hooks import Argv, Container, Needs, Resources, Target, hookimpl
from sdk_hooks.runclike import RuncLike
from sdk_hooks.security import beyond

_EVALUATED = frozenset('"$`\\')
"""What its scripts, which put each word between double quotes, leave to the shell that starts the program."""


class RunX(RuncLike):
    """Its scripts report success whatever xl says, stop a machine without a word to the program, and leave
    its output on the console of Xen: a health check over the network is all that tells how it is.
    """

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
        if unquoted := next((word for word in _words(container) if set(word) & _EVALUATED), ""):
            return f"pass {unquoted!r} to its program: a shell in its machine evaluates that"
        if (container.config.get("WorkingDir") or "/") != "/":
            return "start its program in another directory than /"
        if settings.tmpfs:
            return f"mount a file system in memory on {settings.tmpfs[0].target}"
        if settings.env or names:
            return f"set environment variables: {', '.join(sorted({*settings.env, *names}))}"
        if settings.network != "host" or container.networks:
            return "give a container another network than dom0's, whose sockets it has"
        if settings.hostname:
            return "give its machine a host name"
        if settings.resources != Resources() or settings.ulimits:
            return "limit resources: its machines have 1024 MB and two processors"
        if container.devices or container.cdi:
            return "pass devices"
        if settings.cap_add or settings.cap_drop:
            return "give its machine other capabilities than all"
        if settings.healthcheck and settings.healthcheck.command:
            return "run a health check's command in the container"
        if settings.dns or settings.dns_search or settings.dns_opt:
            return "give a container name servers of its own"
        return "make the root file system read-only" if settings.read_only else beyond(settings)


def _words(container: Container) -> Argv:
    """The command line of its program."""
    rest = container.config.get("Cmd") if container.command is None else container.command
    return (*(container.config.get("Entrypoint") or ()), *(rest or ()))


@hookimpl
def sdk_runtimes() -> list[RunX]:
    return [RunX()]
