"""podman: an engine without a daemon, also for ordinary users."""

from __future__ import annotations

from sdk_hooks import Argv, Container, Script, hookimpl
from sdk_hooks.dockerlike import DockerLike

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
    cdi = "case $v in [0-3].* | 4.0.*) ;; *) echo cdi yes ;; esac\n"
    space = 4.0  # the archive, what it unpacks to in /var/tmp, and the store

    def _networked(self, container: Container) -> Script:
        return f"{_NAMES}{super()._networked(container)}"

    def _groups(self, container: Container) -> Argv:
        # the groups of the login have no number in its user namespace
        devices = container.devices or container.cdi
        return ("keep-groups",) if container.rootless and devices else super()._groups(container)


@hookimpl
def sdk_stacks() -> list[Podman]:
    return [Podman()]
