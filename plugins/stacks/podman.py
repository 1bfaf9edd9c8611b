"""podman: an engine without a daemon, also for ordinary users."""

from __future__ import annotations

from sdk_hooks import Argv, Container, hookimpl
from sdk_hooks.dockerlike import DockerLike


class Podman(DockerLike):
    name = "podman"
    summary = "engine without a daemon, also rootless"
    held = '{{range .RootFS.Layers}}blob {{.}}{{"\\n"}}{{end}}'
    server_version = "{{.Client.Version}}"

    def options(self, container: Container) -> Argv:  # noqa: ARG002  the same for all
        return ("--pull", "never")  # an image that is not here was removed: asking docker.io would not help


@hookimpl
def sdk_stacks() -> list[Podman]:
    return [Podman()]
