"""podman: an engine without a daemon, also for ordinary users."""

from __future__ import annotations

from sdk_hooks import Argv, Container, Runtime, Target, hookimpl
from sdk_hooks.dockerlike import DockerLike

_KNOWN = ("crun", "runc", "runsc", "youki")
"""Runtimes that containers.conf has when nobody says anything."""


class Podman(DockerLike):
    name = "podman"
    summary = "engine without a daemon, also rootless"
    held = '{{range .RootFS.Layers}}blob {{.}}{{"\\n"}}{{end}}'
    server_version = "{{.Client.Version}}"
    networks = (*DockerLike.networks, "macvlan")
    space = 4.0  # the archive, what it unpacks to in /var/tmp, and the store

    def lacks(self, runtime: Runtime, target: Target) -> str:
        if runtime.program and runtime.name not in _KNOWN:
            return f"its containers.conf has no entry for {runtime.name}"
        return super().lacks(runtime, target)

    def _groups(self, container: Container) -> Argv:
        # the groups of the login have no number in its user namespace
        return ("keep-groups",) if container.rootless and container.devices else super()._groups(container)


@hookimpl
def sdk_stacks() -> list[Podman]:
    return [Podman()]
