"""podman: an engine without a daemon, also for ordinary users."""

from __future__ import annotations

from sdk_hooks import hookimpl
from sdk_hooks.dockerlike import DockerLike


class Podman(DockerLike):
    name = "podman"
    summary = "engine without a daemon, also rootless"
    held = '{{range .RootFS.Layers}}blob {{.}}{{"\\n"}}{{end}}'
    server_version = "{{.Client.Version}}"
    space = 4.0  # the archive, what it unpacks to in /var/tmp, and the store


@hookimpl
def sdk_stacks() -> list[Podman]:
    return [Podman()]
