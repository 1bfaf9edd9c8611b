"""podman: an engine without a daemon, also for ordinary users."""

from __future__ import annotations

from collections.abc import Mapping

from sdk_hooks import Argv, Container, Joined, Runtime, Script, SdkError, Setup, Target, Tmpfs, Unit, hookimpl
from sdk_hooks.dockerlike import DockerLike

from . import quadlet  # noqa: TID251  relatively it is no second copy

_KNOWN = ("crun", "runc", "runsc", "youki")
"""Runtimes that containers.conf has when nobody says anything."""
_PLACES = ("/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin")
_CONF = "containers/containers.conf"
_DROP_INS = f"/etc/{_CONF}.d"
_TABLE = r"/^\[engine\.runtimes\]/,/^\[[^e]/s/^ *\([A-Za-z0-9_-]*\) *=.*/runtime \1/p"
# Which IDs its containers have it alone knows: those of /etc/subuid, of a directory, or as it was once.
_IDS = """\
[ "$uid" = 0 ] || {
	command -v newuidmap >/dev/null || ! grep -qs "^$(id -un):" /etc/subuid || {
		echo 'it needs newuidmap to give its containers the IDs of /etc/subuid: install it (uidmap, shadow)'
		return 1
	}
	echo ids $($limit podman unshare sh -c 'for f in uid gid; do n=0
		while read -r _ _ c; do n=$((n + c)); done </proc/self/${f}_map; echo $n; done') podman system migrate
}
"""
# A user's systemd is there while somebody is logged in, or with lingering.
_UNITS = """\
k=system
[ "$uid" = 0 ] || { k=user; [ -S "$XDG_RUNTIME_DIR/systemd/private" ] || k=none; }
for d in /usr/lib /lib /usr/local/lib; do
	d=$d/systemd/$k-generators/podman-$k-generator
	[ ! -x "$d" ] || { echo "units $d"; break; }
done
"""
_NAMES = """\
for found in /usr/lib/podman/aardvark-dns /usr/libexec/podman/aardvark-dns /opt/cni/bin/dnsname \\
	/usr/lib/cni/dnsname /usr/libexec/cni/dnsname ''; do [ ! -x "$found" ] || break; done
[ -n "$found" ] || echo 'note: without aardvark-dns containers do not find each other by name' >&2
"""


class Podman(DockerLike):
    name = "podman"
    summary = "engine without a daemon, also rootless"
    held = '{{range .RootFS.Layers}}blob {{.}}{{"\\n"}}{{end}}'
    server_version = "{{.Client.Version}}"
    networks = (*DockerLike.networks, "macvlan")
    boots = True
    set_up = (
        f"c=${{XDG_CONFIG_HOME:-$HOME/.config}}/{_CONF}\n"
        f'sed -n \'{_TABLE}\' /etc/{_CONF} {_DROP_INS}/*.conf "$c" "$c.d"/*.conf 2>/dev/null\n'
    )
    found = _IDS
    whose = _UNITS
    cdi = "case $v in [0-3].* | 4.0.*) ;; *) echo cdi yes ;; esac\n"
    space = 4.0  # the archive, what it unpacks to in /var/tmp, and the store

    def lacks(self, runtime: Runtime, target: Target) -> str:
        known = {*_KNOWN, *target.stacks[self.name].runtimes}
        if runtime.program and runtime.name not in known:
            return f"its containers.conf has no entry for {runtime.name}"
        return super().lacks(runtime, target)

    def setup(self, runtime: Runtime, target: Target) -> Setup | None:
        if not runtime.program or (target.uid and not target.config):
            return None
        known = target.places.get(runtime.program)
        paths = dict.fromkeys((*((known,) if known else ()), *(f"{p}/{runtime.program}" for p in _PLACES)))
        places = ", ".join(f'"{path}"' for path in paths)
        directory = f"{target.config}/{_CONF}.d" if target.uid else _DROP_INS
        name = f"{directory}/50-devtool-containers-{runtime.name}.conf"
        return Setup(name, f"[engine.runtimes]\n{runtime.name} = [{places}]\n")

    def unit(self, container: Container, target: Target) -> Unit | None:
        # a cgroup of its own within that of the unit is version 2's
        able = target.init == "systemd" and target.cgroup == 2 and target.stacks[self.name].units
        words = (*self._given(container), *self._arguments(container))
        return quadlet.unit(container, target) if able and quadlet.can(words) else None

    def files(self, container: Container, target: Target) -> Mapping[str, str]:
        _check_gateway(container, target)
        _check_names(container, target)
        if not container.unit:
            return super().files(container, target)
        before = self._before(container) + self._with_networks(container)
        text = quadlet.file(container, target, self._given(container), self._arguments(container))
        return {
            "run": f"{_NAMES if container.networks else ''}{before}"
            f"{quadlet.run(container, target.stacks[self.name])}",
            "output": quadlet.output(container),
            f"{container.unit}.container": text,
        }

    def run(self, container: Container) -> Argv:
        return ("sh", str(container.directory / "run")) if container.unit else super().run(container)

    def remove(self, container: Container) -> tuple[Argv, ...]:
        commands = super().remove(container)
        return (("sh", "-c", quadlet.stop(container)), *commands[1:]) if container.unit else commands

    def state(self, container: Container) -> Script:
        return self._state(container.name, "echo", quadlet.gone(container) if container.unit else "")

    def logs(self, container: Container, follow: bool, lines: int) -> Argv:
        if not container.unit:
            return super().logs(container, follow, lines)
        return ("sh", str(container.directory / "output"), str(lines), *(("-f",) if follow else ()))

    def _given(self, container: Container) -> Argv:
        """The options of a unit: its container has all networks from the start, systemd restarts it."""
        more = (word for each in container.networks[1:] for word in ("--network", self._called(each)))
        seconds = ("--stop-timeout", str(round(container.settings.stop_timeout)))
        words = (*seconds, *self._options(container), *more)
        # no empty word gets through, as a part of one it does
        at = words.index("--entrypoint") if "--entrypoint" in words else len(words)
        return (*words[:at], *(["=".join(words[at : at + 2])] if words[at:] else []), *words[at + 2 :])

    def _tmpfs(self, tmpfs: Tmpfs, container: Container) -> str:  # noqa: ARG002  it knows no owner
        return f"{tmpfs},notmpcopyup"  # as everywhere else it is empty

    def _read_only(self, container: Container) -> Argv:
        # else /run, /tmp and /var/tmp are written to here and nowhere else; versions after 4.3 take that for
        # a wish that /dev/shm can't be written either
        shared = container.settings.ipc or any(t.target == "/dev/shm" for t in container.settings.tmpfs)  # noqa: S108
        memory = self._tmpfs(Tmpfs("/dev/shm", 64 << 20), container)  # noqa: S108
        return ("--read-only", "--read-only-tmpfs=false", *(() if shared else ("--tmpfs", memory)))

    def _networked(self, container: Container) -> Script:
        return f"{_NAMES}{super()._networked(container)}"

    def _network(self, joined: Joined) -> Argv:
        # every version since 3.0 knows this name of the option
        return tuple(w.replace("com.docker.network.driver.mtu=", "mtu=") for w in super()._network(joined))

    def _groups(self, container: Container) -> Argv:
        # the groups of the login have no number in its user namespace
        devices = container.devices or container.cdi
        kept, more = container.rootless and devices, container.settings.group_add
        if kept and more:
            raise SdkError(
                f"podman of an ordinary user can't add the group {more[0]!r} to those that open devices",
                hint="leave out group_add:, or log in as root",
                code="no-group",
            )
        return ("keep-groups",) if kept else super()._groups(container)


def _check_gateway(container: Container, target: Target) -> None:
    """Versions before 4.7 know an address of the target by names of their own only."""
    name = next((name for name, address in container.hosts if address == "host-gateway"), "")
    version = target.stacks["podman"].version if name else ""
    if version and tuple(map(int, version.split(".")[:2])) < (4, 7):
        raise SdkError(
            f"podman {version} gives a container no address of its target as {name!r}",
            hint="leave it out of extra_hosts: and use host.containers.internal; or give the address",
            code="no-hosts",
        )


def _check_names(container: Container, target: Target) -> None:
    """Version 4.3 asks name servers of a container's own instead of that which knows the other containers."""
    several = container.networks and container.name != container.application
    version = target.stacks["podman"].version if container.settings.dns and several else ""
    if version and int(version.partition(".")[0]) < 5:
        raise SdkError(
            f"podman {version} gives {container.name!r} name servers of its own, or names of the others",
            hint="leave out dns:, and set the name servers of the target; or use network: host",
            code="no-dns",
        )


@hookimpl
def sdk_stacks() -> list[Podman]:
    return [Podman()]
