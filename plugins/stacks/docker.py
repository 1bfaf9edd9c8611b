"""docker: the engine with a daemon; finds layers by the chain that they are part of."""

from __future__ import annotations

from sdk_hooks import hookimpl
from sdk_hooks.dockerlike import DockerLike


class Docker(DockerLike):
    name = "docker"
    summary = "engine with a daemon, which also starts containers at boot"
    held = "chain{{range .RootFS.Layers}} {{.}}{{end}}"
    networks = (*DockerLike.networks, "macvlan", "ipvlan", "vlan")
    restarts = True


@hookimpl
def sdk_stacks() -> list[Docker]:
    return [Docker()]
