"""podman: an engine without a daemon, also for ordinary users."""

from __future__ import annotations

from sdk_hooks import Argv, Container, Joined, Runtime, Script, Setup, Target, hookimpl
from sdk_hooks.dockerlike import DockerLike

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

    def _networked(self, container: Container) -> Script:
        return f"{_NAMES}{super()._networked(container)}"

    def _network(self, joined: Joined) -> Argv:
        # every version since 3.0 knows this name of the option
        return tuple(w.replace("com.docker.network.driver.mtu=", "mtu=") for w in super()._network(joined))

    def _groups(self, container: Container) -> Argv:
        # the groups of the login have no number in its user namespace
        devices = container.devices or container.cdi
        return ("keep-groups",) if container.rootless and devices else super()._groups(container)


@hookimpl
def sdk_stacks() -> list[Podman]:
    return [Podman()]
