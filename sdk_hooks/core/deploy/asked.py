"""What a container asks for that no target can do."""

from __future__ import annotations

from sdk_hooks.container import Container
from sdk_hooks.errors import SdkError


def check_program(container: Container) -> None:
    """Refuse one that has no program.

    :raises SdkError: When neither its image nor its settings name one.
    """
    config = container.config
    said = config.get("Cmd") if container.command is None else container.command
    if not (config.get("Entrypoint") or said):
        raise SdkError(
            f"the image {container.image.rpartition(':')[0]!r} does not say what it runs",
            detail="its config has neither Entrypoint nor Cmd",
            hint="say it when it is built: --entrypoint /path/to/program; or in an application's file",
            code="no-program",
        )


def check_namespaces(container: Container) -> None:
    """Refuse settings of the kernel that would be the target's own.

    :raises SdkError: With the first of them.
    """
    settings = container.settings
    shared = {"net.": settings.network == "host" and not container.networks, "": bool(settings.ipc)}
    for name in settings.sysctls:
        whose = "net." if name.startswith("net.") else ""
        if shared[whose]:
            key = "network: bridge, or networks:" if whose else "no ipc: host"
            raise SdkError(
                f"{name} is the target's own for {container.name!r}, which shares its "
                f"{'network' if whose else 'memory'}",
                hint=f"in container.yaml: {key}; or set it on the target",
                code="no-sysctl",
            )


def check_alone(container: Container) -> None:
    """Refuse what an ordinary user of the target can't give without an engine.

    :raises SdkError: With what that is.
    """
    settings = container.settings
    kernel = next(iter(settings.sysctls), "")
    what = "give all devices and rights to" if settings.privileged else f"set {kernel} for" if kernel else ""
    if what:
        raise SdkError(
            f"without an engine only root can {what} {container.name!r}",
            hint="log in as root, or leave it out of container.yaml",
            code="needs-root",
        )


def check_health(container: Container, forwarded: bool) -> None:
    """Refuse to ask where nothing answers: on a network of its own a container has published ports only.

    :param forwarded: Whether the target's own network, too, is one behind it, which ports are forwarded to.
    :raises SdkError: When its health check asks another port over HTTP.
    """
    settings, check = container.settings, container.settings.healthcheck
    if check and check.port and settings.network == "none":
        raise SdkError(
            f"the health check asks port {check.port} of {container.name!r}, which has no network",
            hint="check with a command; or leave out network: none",
            code="no-health",
        )
    bridged = not container.networks or any(each.network.driver == "bridge" for each in container.networks)
    published = settings.ports if bridged else ()
    known = {number for port in published for number in (port.host, port.container)}
    there = settings.network == "host" and not forwarded
    if check and check.port and not there and check.port not in known:
        raise SdkError(
            f"the health check asks port {check.port}, which the target does not have",
            detail="the container has a network of its own, and does not publish it",
            hint="publish it: ports: in container.yaml; or check with a command",
            code="no-health",
        )
