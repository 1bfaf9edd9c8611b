"""docker: the engine with a daemon; finds layers by the chain that they are part of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from sdk_hooks import Argv, Container, Joined, Runtime, Script, SdkError, Setup, Target, hookimpl
from sdk_hooks.bundle import idle
from sdk_hooks.dockerlike import DockerLike
from sdk_hooks.shell import quoted

# A login over ssh is not told where its own daemon listens; without systemd that is in the home directory.
_FOUND = """\
[ "$uid" = 0 ] || [ -n "$DOCKER_HOST" ] || grep -qs '"currentContext"' "$HOME/.docker/config.json" ||
for s in "$XDG_RUNTIME_DIR" "$HOME/.docker/run"; do
	[ ! -S "$s/docker.sock" ] || { export DOCKER_HOST="unix://$s/docker.sock"; break; }
done
"""
_WHOSE = """\
if [ "$uid" != 0 ]; then
	s=$(docker info --format '{{.CgroupDriver}} {{.SecurityOptions}}' 2>/dev/null)
	case $s in *name=rootless*)
		echo "daemon ${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}')}"
		case $s in none*) echo unlimited yes ;; esac ;;
	esac
fi
"""


# Only the daemon can say who owns a new volume's directory, by the IDs of its namespaces, too: it unpacks
# an archive that has nothing but that directory, into a container that is never started.
_VOLUME = """\
docker volume inspect {volume} >/dev/null 2>&1 || {{
	docker create --name {name} --pull never --volume {volume}:/{place} {image} x >/dev/null &&
		printf '%-512s' '{header}' | tr ' ' '\\000' | docker cp - {name}:/ && docker rm {name} >/dev/null
}} || {{ docker rm {name}; docker volume rm {volume}; exit 1; }}
"""
_PLACE = ".devtool-volume"
_LEAST_MEMORY = 6 << 20
"""Its daemon refuses to make a container with less, once the image is there."""
_MOST = 0o7777777
"""The highest ID that such a header has room for."""


class Docker(DockerLike):
    name = "docker"
    summary = "engine with a daemon, also rootless, which also starts containers at boot"
    found = _FOUND
    whose = _WHOSE
    held = "chain{{range .RootFS.Layers}} {{.}}{{end}}"
    networks = (*DockerLike.networks, "macvlan", "ipvlan", "vlan")
    restarts = True
    set_up = """docker info --format '{{range $name, $_ := .Runtimes}}runtime {{$name}}{{"\\n"}}{{end}}'\n"""

    def environment(self, target: Target) -> Mapping[str, str]:
        facts = target.stacks.get(self.name)
        return {"DOCKER_HOST": facts.daemon} if facts and facts.daemon else {}

    def _called(self, joined: Joined) -> str:
        # a container has its default route and its ports on the network whose name comes first: before
        # version 28 nothing else says which. Ports want a bridge. No name has an underscore before a dot.
        bridge = joined.engine is None or joined.engine[0] == "bridge"
        return joined.network.name if bridge else joined.network.name.replace(".", "_.", 1)

    def lacks(self, runtime: Runtime, target: Target) -> str:
        facts = target.stacks[self.name]
        if runtime.program:
            return (
                "" if runtime.name in facts.runtimes else f"its daemon.json has no entry for {runtime.name}"
            )
        if runtime.handler:
            return "" if facts.major >= 23 else f"it takes shims since version 23, this is {facts.version}"
        return super().lacks(runtime, target)

    def setup(self, runtime: Runtime, target: Target) -> Setup | None:
        entry = {"runtimes": {runtime.name: {"path": runtime.program}}}
        if not runtime.program:
            return None
        if not target.uid:
            return Setup("/etc/docker/daemon.json", entry, 'kill -HUP "$(cat /run/docker.pid)"\n')
        facts = target.stacks.get(self.name)
        socket = facts.daemon.removeprefix("unix://") if facts else ""
        if not target.config or not socket.startswith("/"):
            return None  # root's daemon, which this login may only use
        pid = quoted((f"{PurePosixPath(socket).parent}/docker.pid",))
        return Setup(f"{target.config}/docker/daemon.json", entry, f'kill -HUP "$(cat {pid})"\n')

    def _before(self, container: Container) -> Script:
        """Give new volumes to the container's user, as other engines do; what the image has there counts."""
        ours = 0 < max(container.user) <= _MOST
        volumes = [v.source for v in container.settings.volumes if v.named and ours]
        names = {"name": quoted((container.name,)), "image": quoted((container.image,)), "place": _PLACE}
        header = _directory(_PLACE, container.user)
        each = (_VOLUME.format(volume=quoted((volume,)), header=header, **names) for volume in volumes)
        return idle(container, self.name) + "".join(dict.fromkeys(each))

    def _what(self, container: Container) -> Argv:
        if len(container.name) == 1:  # its daemon says so once the image is there
            what = f"docker has no container whose name is one letter: {container.name!r}"
            raise SdkError(what, hint="deploy it under another name: --name", code="bad-name")
        return super()._what(container)

    def _resources(self, container: Container) -> Argv:
        memory = container.settings.resources.memory
        if 0 < memory < _LEAST_MEMORY:
            what = f"docker gives {container.name!r} no less memory than 6 MiB"
            raise SdkError(
                what,
                detail=f"{memory} bytes were asked for",
                hint="--memory 6M, or resources: {memory: 6M}",
                code="too-little-memory",
            )
        return super()._resources(container)

    def _devices(self, container: Container) -> Argv:
        if not container.nested:
            return super()._devices(container)
        # runc can make no node there: it mounts the target's, under the path in the container only
        nodes = [f"{node.device.source}:{node.device.target}" for node in container.devices]
        others = super()._devices(replace(container, devices=()))
        return (*(word for node in nodes for word in ("--volume", node)), *others)

    def _runtime(self, runtime: Runtime) -> str:
        return runtime.name if runtime.program else runtime.handler

    # since 25 with a flag in daemon.json, since 28.2 without: it has directories for specs when it is on
    cdi = (
        "case $v in [0-9].* | 1?.* | 2[0-4].*) ;; *)\n"
        "d=$($limit docker info --format '{{range .CDISpecDirs}}{{.}}{{end}}' 2>/dev/null)\n"
        '[ -z "$d" ] || echo cdi yes ;; esac\n'
    )


def _directory(name: str, owner: tuple[int, int]) -> str:
    """The header of a directory in an archive (ustar), with blanks for the zeros."""

    def header(check: str) -> str:
        numbers = f"{0o755:07o} {owner[0]:07o} {owner[1]:07o} {0:011o} {0:011o} "
        return f"{name:<100}{numbers}{check:<8}5{'':<100}ustar 00"

    # its sum counts itself as blanks, and the zeros as what they are
    total = sum(ord(letter) for letter in header("") if letter != " ") + 8 * ord(" ")
    return header(f"{total:06o}")


@hookimpl
def sdk_stacks() -> list[Docker]:
    return [Docker()]
