"""pflask: a container from a root directory and options, for targets that want nothing more than that."""

from __future__ import annotations

from importlib.resources import files
from pathlib import PurePosixPath

from sdk_hooks import Argv, Container, Needs, Target, Tmpfs, hookimpl, networks
from sdk_hooks.bundle import process
from sdk_hooks.security import beyond


class Pflask:
    name = "pflask"
    summary = "namespaces and capabilities in 90 KB of C; no limits, no system call filter, root only"
    alone = True
    program = ""
    handler = ""

    def needs(self, target: Target) -> Needs:  # noqa: ARG002
        # it mounts the target's own into each container
        return Needs(programs=(self.name,), devices=("/dev/console", "/dev/full", "/dev/ptmx"))

    def refuses(self, container: Container) -> str:
        settings = container.settings
        limits = settings.resources
        if container.rootless:
            return "run containers for an ordinary user without newuidmap"
        if container.user != (0, 0):
            return "run as a user by number: {}:{}".format(*container.user)
        if container.networks:
            return f"join a network: {container.networks[0].network.name}"
        if limits.memory or limits.cpus or limits.pids:
            return "limit resources"
        if settings.ulimits:
            return f"set the limit of processes {settings.ulimits[0].name!r}"
        if unknown := beyond(settings):
            return unknown
        if settings.read_only:
            return "make the root file system read-only"
        limited = [each.target for each in settings.tmpfs if each != Tmpfs(each.target)]
        if limited:
            return f"limit a directory in memory: {limited[0]}"
        if container.hooks:
            return f"call hooks: {container.hooks[0].path}"
        if settings.healthcheck and settings.healthcheck.command:
            return "run a health check's command in the container"
        part = [node.device.source for node in container.devices if node.device.access != "rwm"]
        if part:
            return f"limit the access to a device: {part[0]}"
        odd = [path for pair in _binds(container) for path in pair[1:] if ":" in path]
        return f"mount a path with a colon: {odd[0]}" if odd else ""

    def filters(self) -> Argv:
        return ()

    def run(self, container: Container, bundle: PurePosixPath) -> Argv:
        root, made = str(bundle / "rootfs"), process(container)
        network = ("--netif",) if container.settings.network == "none" else ()
        etc = [
            ("bind-ro", str(container.directory / name), f"/etc/{name}") for name in networks.etc(container)
        ]
        kept = (f"+{name.removeprefix('CAP_').lower()}" for name in made["capabilities"]["bounding"])
        options = (
            *(f"--chroot={root}", f"--chdir={made['cwd']}", f"--hostname={container.hostname}", *network),
            *(f"--mount={_one(':'.join(pair))}" for pair in (*etc, *_binds(container))),
            *(f"--mount={_one(f'tmp:{each.target}')}" for each in container.settings.tmpfs),
            *(f"--setenv={_one(variable)}" for variable in made["env"]),
            f"--caps={','.join(('-all', *kept))}",
        )
        hosts = "shared" if container.settings.network == "host" else "own"
        return ("sh", "-c", _script("run"), "sh", container.name, root, hosts, *options, "--", *made["args"])

    def exec(self, container: str, user: tuple[int, int], command: Argv) -> Argv:  # noqa: ARG002
        said = 'echo "pflask runs no second command in $1" >&2; exit 126'
        return ("sh", "-c", said, "sh", container, *command)

    def state(self, container: str) -> Argv:
        return ("sh", "-c", _script("state"), "sh", container)

    def kill(self, container: str, signal: str) -> Argv:
        return ("sh", "-c", _script("kill"), "sh", container, signal.removeprefix("SIG"))

    def delete(self, container: str) -> Argv:
        return ("sh", "-c", f'{_script("kill")}rm -f "$place"\n', "sh", container, "KILL")


def _binds(container: Container) -> list[tuple[str, str, str]]:
    """(kind, source, destination) of its volumes and devices."""
    named = container.state / "volumes"
    found = [
        ("bind-ro" if v.read_only else "bind", str(named / v.source) if v.named else v.source, v.target)
        for v in container.settings.volumes
    ]
    return found + [("bind", node.device.source, node.device.target) for node in container.devices]


def _one(value: str) -> str:
    """*value* as one of the values that its option takes a list of."""
    return value.replace(",", "\\,")


def _script(name: str) -> str:
    text = files("sdk_plugins.runtimes").joinpath(f"pflask-{name}.sh").read_text(encoding="utf-8")
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


@hookimpl
def sdk_runtimes() -> list[Pflask]:
    return [Pflask()]
