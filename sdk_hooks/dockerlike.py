"""For authors of stacks: an engine whose command line is docker's."""

from __future__ import annotations

from collections.abc import Mapping

from sdk_hooks.container import Container, Joined
from sdk_hooks.core.shell import quoted
from sdk_hooks.families import Runtime
from sdk_hooks.target import Argv, Script, Setup, Target, Unit
from sdk_hooks.tmpfs import Tmpfs

_STATE = "{{.State.Status}} {{.State.ExitCode}} {{.State.StartedAt}}"


class DockerLike:
    """docker, podman, nerdctl: what differs is overridden.

    A subclass sets `name`, `summary`, `held` (the Go template that prints an image's layers as
    `sdk_hooks.Stack.inventory` has it), `server_version` (the template of its version) and `cdi`.
    """

    name: str
    summary: str
    takes = "archive"
    networks: tuple[str, ...] = ("host", "bridge", "none")
    restarts = False
    boots = False
    space = 2.0
    held: str
    server_version = "{{.Server.Version}}"
    set_up: Script = ""
    """Prints the runtimes that it is set up for, as `sdk_hooks.Stack.inventory` has them."""
    found: Script = ""
    """Commands that go first in its inventory: they set what finds its daemon."""
    whose: Script = ""
    """Commands that print `daemon` and `unlimited`, as `sdk_hooks.Stack.inventory` has them."""
    cdi: Script = ""
    """Commands that print `cdi yes` when it takes names of CDI devices; its version is $v."""

    @property
    def programs(self) -> tuple[str, ...]:
        return (self.name,)

    def environment(self, target: Target) -> Mapping[str, str]:  # noqa: ARG002
        return {}

    def inside(self, target: Target) -> Argv:  # noqa: ARG002
        return ()

    def lacks(self, runtime: Runtime, target: Target) -> str:  # noqa: ARG002  for those who know more
        return (
            "" if runtime.program else f"it starts programs with an OCI command line, {runtime.name} has none"
        )

    def setup(self, runtime: Runtime, target: Target) -> Setup | None:  # noqa: ARG002
        return None

    def inventory(self, containers: Argv, details: bool) -> Script:
        cli = self.name
        states = "".join(self._state(name, f"echo state {quoted((name,))}") for name in containers)
        return (
            f"{self.found}"
            f"v=$($limit {cli} version --format '{self.server_version}') || {{ echo \"$v\"; return 1; }}\n"
            f'echo "version $v"\n{self.whose}{f"{self.cdi}{self.set_up}" if details else ""}{states}'
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

    def forget_volume(self, volume: str) -> Argv:
        return (self.name, "volume", "rm", volume)

    def files(self, container: Container, target: Target) -> Mapping[str, str]:  # noqa: ARG002  the same everywhere
        return {"run": self._networked(container)} if container.networks else {}

    def unit(self, container: Container, target: Target) -> Unit | None:  # noqa: ARG002
        return None

    def run(self, container: Container) -> Argv:
        if container.networks:
            return ("sh", str(container.directory / "run"))
        words = (self.name, "run", *self._how(container), *self._what(container))
        before = self._before(container)
        return ("sh", "-c", f'{before}exec "$@"', "sh", *words) if before else words

    def _before(self, container: Container) -> Script:  # noqa: ARG002
        """Commands that make what the container needs and `run` does not make, or end the shell."""
        return ""

    def _networked(self, container: Container) -> Script:
        """Make its networks where they are not there, and the container on all of them before it starts."""
        text = self._before(container) + self._with_networks(container)
        create = (self.name, "create", *self._created(container), *self._what(container))
        text += f"{quoted(create)} || exit\n"
        for joined in container.networks[1:]:
            words = ("network", "connect", "--alias", container.alias, self._called(joined), container.name)
            text += f"{quoted((self.name, *words))} || exit\n"
        return f"{text}exec {quoted((self.name, 'start', container.name))}\n"

    def _with_networks(self, container: Container) -> Script:
        text = ""
        for joined in container.networks:
            name = self._called(joined)
            there = quoted((self.name, "network", "inspect", name))
            lacks = f"there is no network {name!r}, which is external: {self.name} network create {name}"
            none = f"{{ echo {quoted((lacks,))} >&2; exit 1; }}"
            make = none if joined.network.external else f"{quoted(self._network(joined))} || exit"
            text += f"{there} >/dev/null 2>&1 || {make}\n"
        return text

    def _network(self, joined: Joined) -> Argv:
        network, (driver, options) = joined.network, joined.engine or ("", {})
        return (
            *(self.name, "network", "create", "--driver", driver),
            *(("--subnet", network.subnet) if network.subnet else ()),
            *(("--gateway", network.gateway) if network.gateway else ()),
            *(("--internal",) if network.internal else ()),
            *(word for key, value in options.items() for word in ("--opt", f"{key}={value}")),
            self._called(joined),
        )

    def _called(self, joined: Joined) -> str:
        """The engine's own name of a network."""
        return joined.network.name

    def _how(self, container: Container) -> Argv:
        """The words of `run`: in the foreground, or under its restart policy."""
        attached = ("--rm", "--interactive", *(("--tty",) if container.tty else ()))
        return attached if container.attach else ("--detach", *self._created(container))

    def _created(self, container: Container) -> Argv:
        settings = container.settings
        return ("--restart", str(settings.restart), "--stop-timeout", str(round(settings.stop_timeout)))

    def _what(self, container: Container) -> Argv:
        name = ("--name", container.name)
        return (*name, *self._options(container), container.image, *self._arguments(container))

    def _options(self, container: Container) -> Argv:
        """The words of `run` between the name and the image."""
        settings = container.settings
        return (
            *("--pull", "never"),  # an image that is gone was removed: a registry knows nothing of it
            *(("--runtime", self._runtime(container.runtime)) if container.runtime else ()),
            *self._joins(container),
            *(("--hostname", settings.hostname) if settings.hostname else ()),
            *(self._read_only(container) if settings.read_only else ()),
            *self._instead(container),
            *self._isolation(container),
            *(word for name in settings.cap_drop for word in ("--cap-drop", name)),
            *(word for name in settings.cap_add for word in ("--cap-add", name)),
            *self._resources(container),
            *self._devices(container),
            *self._ports(container),
            *(word for volume in settings.volumes for word in ("--volume", str(volume))),
            *(word for tmpfs in settings.tmpfs for word in ("--tmpfs", self._tmpfs(tmpfs, container))),
            *(word for key, value in settings.env.items() for word in ("--env", f"{key}={value}")),
            *("--label", f"devtool-containers.digest={container.digest}"),
            *(("--entrypoint", (*settings.entrypoint, "")[0]) if settings.entrypoint is not None else ()),
        )

    def remove(self, container: Container) -> tuple[Argv, ...]:
        seconds = str(round(container.settings.stop_timeout))
        ours = [each for each in container.networks if not each.network.external]
        networks = [(self.name, "network", "rm", self._called(each)) for each in ours]
        return (
            (self.name, "stop", "-t", seconds, container.name),
            (self.name, "rm", "-f", "-v", container.name),  # with volumes that have no name: an image's own
            *networks,  # the last container that leaves one takes it along
        )

    def exec(self, container: Container, command: Argv) -> Argv:
        return (self.name, "exec", container.name, *command)

    def state(self, container: Container) -> Script:
        return self._state(container.name, "echo")

    def logs(self, container: Container, follow: bool, lines: int) -> Argv:
        return (self.name, "logs", *(("-f",) if follow else ()), "--tail", str(lines), container.name)

    def _tmpfs(self, tmpfs: Tmpfs, container: Container) -> str:
        return f"{tmpfs.target}:{','.join(tmpfs.options_for(container.user))}"

    def _runtime(self, runtime: Runtime) -> str:
        return runtime.name

    def _state(self, name: str, say: str, otherwise: Script = "") -> Script:
        """:param otherwise: Commands for where there is none, which may set the parameters instead."""
        inspect = quoted((self.name, "inspect", "--type", "container", "--format", _STATE, name))
        return (
            f"set -- $({inspect} 2>/dev/null)\n{otherwise}"
            f'case $1 in running) {say} running "$3T$4" ;; "") {say} absent ;;\n'
            f'*) {say} stopped "$2" ;; esac\n'
        )

    def _instead(self, container: Container) -> Argv:
        """What is said over the image, besides the program."""
        settings = container.settings
        said = (
            ("--user", settings.user),
            ("--workdir", settings.workdir),
            ("--stop-signal", settings.stop_signal),
        )
        return tuple(word for option, value in said if value for word in (option, value))

    def _isolation(self, container: Container) -> Argv:
        """What keeps it in, and whom it asks for names."""
        settings = container.settings
        said = (
            ("--dns", settings.dns),
            ("--dns-search", settings.dns_search),
            ("--dns-option", settings.dns_opt),
            ("--sysctl", tuple(f"{key}={value}" for key, value in settings.sysctls.items())),
            ("--security-opt", settings.security_opt),
            ("--pid", (settings.pid,) if settings.pid else ()),
            ("--ipc", (settings.ipc,) if settings.ipc else ()),
        )
        words = (word for option, values in said for value in values for word in (option, value))
        return (*(("--privileged",) if settings.privileged else ()), *words)

    def _resources(self, container: Container) -> Argv:
        limits = container.settings.resources
        return (
            *(("--memory", str(limits.memory)) if limits.memory else ()),
            *(("--cpus", f"{limits.cpus:g}") if limits.cpus else ()),
            *(("--pids-limit", str(limits.pids)) if limits.pids else ()),
            *(word for limit in container.settings.ulimits for word in ("--ulimit", str(limit))),
        )

    def _devices(self, container: Container) -> Argv:
        words = [word for node in container.devices for word in ("--device", str(node.device))]
        words += [word for name in container.cdi for word in ("--device", name)]
        words += [word for group in self._groups(container) for word in ("--group-add", group)]
        return tuple(words)

    def _groups(self, container: Container) -> Argv:
        return tuple(map(str, container.groups))

    def _read_only(self, container: Container) -> Argv:  # noqa: ARG002
        """Options for a root file system that is not written to."""
        return ("--read-only",)

    def _joins(self, container: Container) -> Argv:
        hosts = [word for pair in container.hosts for word in ("--add-host", ":".join(pair))]
        if not container.networks:
            return ("--network", container.settings.network, *hosts)
        first = self._called(container.networks[0])
        said = {key: value for each in container.networks for key, value in each.network.sysctl.items()}
        sysctl = [word for key, value in said.items() for word in ("--sysctl", f"{key}={value}")]
        return ("--network", first, "--network-alias", container.alias, *hosts, *sysctl)

    def _arguments(self, container: Container) -> Argv:
        """What follows the image: what runs in it instead of what the image says."""
        return (*(container.settings.entrypoint or ())[1:], *(container.command or ()))

    def _ports(self, container: Container) -> Argv:
        if container.settings.network != "bridge" and not container.networks:
            return ()  # the container has the target's own ports, or none
        return tuple(word for port in container.settings.ports for word in ("--publish", str(port)))
