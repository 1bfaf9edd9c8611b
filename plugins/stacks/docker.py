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
    # since 25 with a flag in daemon.json, since 28.2 without: it has directories for specs when it is on
    cdi = (
        "case $v in [0-9].* | 1?.* | 2[0-4].*) ;; *)\n"
        "d=$($limit docker info --format '{{range .CDISpecDirs}}{{.}}{{end}}' 2>/dev/null)\n"
        '[ -z "$d" ] || echo cdi yes ;; esac\n'
    )


@hookimpl
def sdk_stacks() -> list[Docker]:
    return [Docker()]
