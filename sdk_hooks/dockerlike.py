"""For authors of stacks: an engine whose command line is docker's."""

from __future__ import annotations

from collections.abc import Mapping

from sdk_hooks.container import Container
from sdk_hooks.core.shell import quoted
from sdk_hooks.target import Argv, Script, Target

_STATE = "{{.State.Status}} {{.State.ExitCode}} {{.State.StartedAt}}"


class DockerLike:
    """docker, podman, nerdctl: what differs is overridden.

    A subclass sets `name`, `summary`, `held` (the Go template that prints an image's layers as
    `sdk_hooks.Stack.inventory` has it) and `server_version` (the template of its version).
    """

    name: str
    summary: str
    takes = "archive"
    networks: tuple[str, ...] = ("host", "bridge", "none")
    restarts = False
    space = 2.0
    held: str
    server_version = "{{.Server.Version}}"

    @property
    def programs(self) -> tuple[str, ...]:
        return (self.name,)

    def inventory(self, containers: Argv) -> Script:
        cli = self.name
        states = "".join(self._state(name, f"echo state {quoted((name,))}") for name in containers)
        return (
            f"v=$($limit {cli} version --format '{self.server_version}') || {{ echo \"$v\"; return 1; }}\n"
            'echo "version $v"\n'
            f"{states}"
            f"i=$({cli} image ls -q)\n"
            f"[ -z \"$i\" ] || {cli} image inspect --format '{self.held}' $i\n"
            "return 0\n"
        )

    def load(self) -> Argv:
        return (self.name, "load", "-q")

    def tag(self, image: str, name: str) -> Argv:
        return (self.name, "tag", image, name)

    def untag(self, image: str) -> Argv:
        return (self.name, "rmi", image)

    def files(self, container: Container, target: Target) -> Mapping[str, str]:  # noqa: ARG002  nothing needed
        return {}

    def run(self, container: Container) -> Argv:
        settings = container.settings
        attached = ("--rm", "--interactive", *(("--tty",) if container.tty else ()))
        detached = ("--detach", "--restart", str(settings.restart))
        return (
            *(self.name, "run", "--name", container.name),
            *(attached if container.attach else detached),
            *("--pull", "never"),  # an image that is gone was removed: a registry knows nothing of it
            *(("--runtime", container.runtime.name) if container.runtime else ()),
            *("--network", settings.network),
            *(("--stop-timeout", str(round(settings.stop_timeout))) if not container.attach else ()),
            *(("--read-only",) if settings.read_only else ()),
            *self._resources(container),
            *self._devices(container),
            *self._ports(container),
            *(word for volume in settings.volumes for word in ("--volume", str(volume))),
            *(word for key, value in settings.env.items() for word in ("--env", f"{key}={value}")),
            *("--label", f"devtool-containers.digest={container.digest}"),
            container.image,
            *(container.command or ()),
        )

    def remove(self, container: Container) -> tuple[Argv, ...]:
        seconds = str(round(container.settings.stop_timeout))
        return ((self.name, "stop", "-t", seconds, container.name), (self.name, "rm", "-f", container.name))

    def exec(self, container: Container, command: Argv) -> Argv:
        return (self.name, "exec", container.name, *command)

    def state(self, container: Container) -> Script:
        return self._state(container.name, "echo")

    def logs(self, container: Container, follow: bool, lines: int) -> Argv:
        return (self.name, "logs", *(("-f",) if follow else ()), "--tail", str(lines), container.name)

    def _state(self, name: str, say: str) -> Script:
        inspect = quoted((self.name, "inspect", "--type", "container", "--format", _STATE, name))
        return (
            f"set -- $({inspect} 2>/dev/null)\n"
            f'case $1 in running) {say} running "$3T$4" ;; "") {say} absent ;;\n'
            f'*) {say} stopped "$2" ;; esac\n'
        )

    def _resources(self, container: Container) -> Argv:
        limits = container.settings.resources
        return (
            *(("--memory", str(limits.memory)) if limits.memory else ()),
            *(("--cpus", f"{limits.cpus:g}") if limits.cpus else ()),
            *(("--pids-limit", str(limits.pids)) if limits.pids else ()),
        )

    def _devices(self, container: Container) -> Argv:
        words = [word for node in container.devices for word in ("--device", str(node.device))]
        words += [word for group in self._groups(container) for word in ("--group-add", group)]
        return tuple(words)

    def _groups(self, container: Container) -> Argv:
        return tuple(map(str, container.groups))

    def _ports(self, container: Container) -> Argv:
        if container.settings.network != "bridge":
            return ()  # the container has the target's own ports, or none
        return tuple(word for port in container.settings.ports for word in ("--publish", str(port)))
