"""docker: the engine with a daemon; finds layers by the chain that they are part of."""

from __future__ import annotations

from sdk_hooks import Runtime, Setup, Target, hookimpl
from sdk_hooks.dockerlike import DockerLike


class Docker(DockerLike):
    name = "docker"
    summary = "engine with a daemon, which also starts containers at boot"
    held = "chain{{range .RootFS.Layers}} {{.}}{{end}}"
    networks = (*DockerLike.networks, "macvlan", "ipvlan", "vlan")
    restarts = True
    set_up = """docker info --format '{{range $name, $_ := .Runtimes}}runtime {{$name}}{{"\\n"}}{{end}}'\n"""

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
        if target.uid or not runtime.program:
            return None
        entry = {"runtimes": {runtime.name: {"path": runtime.program}}}
        return Setup("/etc/docker/daemon.json", entry, 'kill -HUP "$(cat /run/docker.pid)"\n')

    def _runtime(self, runtime: Runtime) -> str:
        return runtime.name if runtime.program else runtime.handler

    # since 25 with a flag in daemon.json, since 28.2 without: it has directories for specs when it is on
    cdi = (
        "case $v in [0-9].* | 1?.* | 2[0-4].*) ;; *)\n"
        "d=$($limit docker info --format '{{range .CDISpecDirs}}{{.}}{{end}}' 2>/dev/null)\n"
        '[ -z "$d" ] || echo cdi yes ;; esac\n'
    )


@hookimpl
def sdk_stacks() -> list[Docker]:
    return [Docker()]
