"""containerd, driven by its own `ctr`: what is left of an engine when nothing else needs one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sdk_hooks import (
    Argv,
    Container,
    Device,
    Runtime,
    Script,
    SdkError,
    Setup,
    Target,
    Volume,
    hookimpl,
    networks,
)
from sdk_hooks.bundle import dropped
from sdk_hooks.runclike import shim
from sdk_hooks.shell import quoted

# Without a limit ctr waits 10 s for a daemon that is not there.
_CTR = ("ctr", "--connect-timeout", "3s")

# ctr filters system calls only when told to, and knows the word since 1.5.
_FILTER = """\
filter=
! grep -q '^Seccomp:' /proc/self/status || case $(ctr run --help 2>/dev/null) in
*--seccomp\\ *) filter=--seccomp ;; esac
"""

# Root's may just be starting; an ordinary user need not wait for one.
_THERE = """\
s=${CONTAINERD_ADDRESS:-/run/containerd/containerd.sock}
c="there is no $s"
{ [ "$uid" = 0 ] || [ -S "$s" ]; }"""
# nerdctl tells rootlesskit of every port, at every start; ctr and the restart monitor know nothing of it.
_NESTED = """\
[ ! -s "$XDG_RUNTIME_DIR/containerd-rootless/child_pid" ] ||
c='rootless containerd is not supported: rootlesskit forwards no ports to what ctr starts in its namespaces'
"""


class Containerd:
    name = "containerd"
    summary = "containerd through ctr, with its own restart monitor"
    programs = ("ctr", "containerd")
    takes = "archive"
    networks = ("host", "none", "cni")
    restarts = True  # its monitor does, within 10 s
    boots = False
    space = 2.0

    def environment(self, target: Target) -> Mapping[str, str]:  # noqa: ARG002
        return {}

    def lacks(self, runtime: Runtime, target: Target) -> str:
        if runtime.handler:
            return "" if shim(runtime.handler) in target.programs else f"no program {shim(runtime.handler)}"
        return "" if runtime.program else f"{runtime.name} has neither a shim nor runc's command line"

    def setup(self, runtime: Runtime, target: Target) -> Setup | None:  # noqa: ARG002  nothing is configured
        return None

    def inventory(self, containers: Argv, details: bool) -> Script:
        states = "all=$(ctr containers ls -q)\n"
        for name in containers:
            states += f'case "$all" in {_word(name)}) echo state {quoted((name,))} known ;; esac\n'
        cdi = 'case ${v#v} in "" | 0.* | 1.*) ;; *) echo cdi yes ;; esac\n'
        return (
            f"{_THERE} && "
            f'c=$({quoted((*_CTR, "content", "ls", "-q"))}) || {{\n{_NESTED}echo "$c"; return 1; }}\n'
            'for b in $c; do echo "blob $b"; done\n'
            f"set -- $(ctr version 2>/dev/null); while [ $# -gt 1 ]; do\n"
            f'[ "$1" = Version: ] && v=$2; shift; done; echo "version $v"\n'
            f"{cdi if details else ''}{states}return 0\n"
        )

    def load(self) -> Argv:
        return (*_CTR, "images", "import", "-")

    def tag(self, image: str, name: str) -> Argv:
        return (*_CTR, "images", "tag", "--force", image, name)

    def untag(self, image: str) -> Argv:
        return (*_CTR, "images", "rm", "--sync", image)

    def forget_volume(self, volume: str) -> Argv:  # noqa: ARG002  they are directories of ours
        return ()

    def files(self, container: Container, target: Target) -> Mapping[str, str]:
        log, kept = quoted((self._log(container),)), quoted((str(container.directory / "exit"),))
        fresh = f": >{log}\nrm -f {kept}\n"
        here = f"cd {quoted((str(container.directory),))} || exit\n{networks.up(container)}"
        run = f"{quoted((*_CTR, 'run'))} $filter {quoted(self._run(container))}"
        started = f"{_filter(container)}{run} || exit\n{self._restart(container)}"
        return {"run": f"{_made(container)}{fresh}{here}{started}", **networks.files(container, target)}

    def unit(self, container: Container, target: Target) -> None:  # noqa: ARG002
        return None

    def run(self, container: Container) -> Argv:
        if not container.attach:
            return ("sh", str(container.directory / "run"))
        inner = f'{_made(container)}{_filter(container)}exec {quoted((*_CTR, "run"))} $filter "$@"'
        return ("sh", "-c", inner, "sh", *self._run(container))

    def _run(self, container: Container) -> Argv:
        settings, limits = container.settings, container.settings.resources
        attached = ("--rm", *(("--tty",) if container.tty else ()))
        detached = ("--detach", "--log-uri", f"file://{self._log(container)}")
        return (
            *(attached if container.attach else detached),
            *(_started_with(container.runtime) if container.runtime else ()),
            *self._network(container),
            *(("--read-only",) if settings.read_only else ()),
            *(("--memory-limit", str(limits.memory)) if limits.memory else ()),
            *(("--cpus", f"{limits.cpus:g}") if limits.cpus else ()),
            *(word for key, value in settings.env.items() for word in ("--env", f"{key}={value}")),
            *self._mounts(container),
            *self._devices(container),
            *self._hostname(container),
            *self._privileges(container),
            *("--label", f"devtool-containers.digest={container.digest}"),
            container.image,
            container.name,
            *self._command(container),
        )

    def remove(self, container: Container) -> tuple[Argv, ...]:
        return (("sh", "-c", self._stop(container)),)

    def exec(self, container: Container, command: Argv) -> Argv:
        inner = 'exec ctr tasks exec --exec-id "check-$$" "$@"'  # the ID must differ from call to call
        return ("sh", "-c", inner, "sh", container.name, *command)

    def state(self, container: Container) -> Script:
        name = quoted((container.name,))
        ended = "STOPPED) ended=1 ;; " if container.settings.restart.policy == "no" else ""
        return (
            "now=absent\n"
            f"case \"$(ctr containers ls -q)\" in {_word(container.name)}) now='stopped unknown' ;; esac\n"
            f"ctr tasks ls 2>/dev/null | {{ while read -r id pid status; do\n"
            f'[ "$id" != {name} ] || case $status in\n'
            f'RUNNING) now="running $pid" ;; {ended}esac; done\n'
            f'{self._exit_code(container)}echo "$now"; }}\n'
        )

    def _exit_code(self, container: Container) -> Script:
        """Only the removal of a task tells how it ended: keep that, unless the monitor needs the task."""
        if container.settings.restart.policy != "no":
            return ""
        name, kept = quoted((container.name,)), quoted((str(container.directory / "exit"),))
        return (
            f'if [ -n "$ended" ] && said=$(ctr tasks rm {name} 2>&1); then\n'
            f'said=${{said##*exit code }}; said=${{said%%[!0-9]*}}; echo "${{said:-0}}" >{kept}; fi\n'
            f'case $now in stopped*) [ ! -f {kept} ] || now="stopped $(cat {kept})" ;; esac\n'
        )

    def logs(self, container: Container, follow: bool, lines: int) -> Argv:
        return ("tail", "-n", str(lines), *(("-f",) if follow else ()), self._log(container))

    def _log(self, container: Container) -> str:
        return str(container.directory / "log")

    def _network(self, container: Container) -> Argv:
        if container.networks:
            return ("--with-ns", f"network:{networks.path(container)}")
        if container.hosts:  # with --net-host ctr mounts the target's own file of names over ours
            return ("--with-ns", "network:/proc/1/ns/net")
        return ("--net-host",) if container.settings.network == "host" else ()

    def _mounts(self, container: Container) -> Argv:
        words: list[str] = []
        for name in networks.etc(container):
            file = container.directory / name
            words += ["--mount", f"type=bind,src={file},dst=/etc/{name},options=rbind:ro"]
        if container.hosts and not container.networks:
            words += ["--mount", "type=bind,src=/etc/resolv.conf,dst=/etc/resolv.conf,options=rbind:ro"]
        for _, mount in sorted(_directories(container), key=lambda each: each[0]):
            words += ["--mount", mount]
        return tuple(words)

    def _hostname(self, container: Container) -> Argv:
        if container.settings.hostname:
            what = "ctr can't give a container a host name"
            raise SdkError(what, hint="use another stack, or leave out hostname:", code="no-hostname")
        return ()

    def _privileges(self, container: Container) -> Argv:
        settings = container.settings
        if settings.user:
            what = f"ctr can't let a container run as {settings.user!r} instead of its image's user"
            raise SdkError(what, hint="use another stack, or say user: when it is built", code="no-user")
        return (
            *(("--cwd", settings.workdir) if settings.workdir else ()),
            *(word for name in settings.cap_add for word in ("--cap-add", name)),
            *(word for name in dropped(settings) for word in ("--cap-drop", name)),
        )

    def _devices(self, container: Container) -> Argv:
        if container.settings.ulimits:
            what = f"ctr can't set the limit {container.settings.ulimits[0].name!r} of processes"
            raise SdkError(what, hint="use another stack, or leave out ulimits:", code="no-ulimit")
        for device in (node.device for node in container.devices):
            if device != Device(device.source, device.source):
                what = f"ctr can't give the device {device.source!r} another path or less access"
                raise SdkError(
                    what, hint=f"write it as {device.source}, or use another stack", code="no-device"
                )
        if container.groups:
            what = f"ctr can't put a container's user into the group {container.groups[0]} of its device"
            raise SdkError(what, hint="use another stack, or user: root in container.yaml", code="no-device")
        names = (*(node.device.source for node in container.devices), *container.cdi)
        return tuple(word for name in names for word in ("--device", name))

    def _restart(self, container: Container) -> Script:
        """Leave it to the monitor, now: before it runs, that would take it for one that has ended."""
        if container.settings.restart.policy == "no":
            return ""
        labels = {"status": "running", "loguri": f"file://{self._log(container)}"}
        words = (f"containerd.io/restart.{key}={value}" for key, value in labels.items())
        return f"{quoted((*_CTR, 'containers', 'label', container.name, *words))}\n"

    def _command(self, container: Container) -> Argv:
        """ctr replaces the entrypoint too where anything is given."""
        if container.command is None and container.settings.entrypoint is None:
            return ()
        return (*(container.config.get("Entrypoint") or ()), *(container.command or ()))

    def _stop(self, container: Container) -> Script:
        name, seconds = quoted((container.name,)), round(container.settings.stop_timeout)
        label = quoted(("ctr", "containers", "label", container.name, "containerd.io/restart.status="))
        signal = container.config.get("StopSignal") or "SIGTERM"
        state = f'while read -r id _ now; do [ "$id" != {name} ] || echo "$now"; done'
        running = f'case "$(ctr tasks ls 2>/dev/null | {state})" in RUNNING) ;; *) break ;; esac'
        return (
            f"{label}\nctr tasks kill -s {quoted((signal,))} {name}\nn=0\n"
            "if sleep 0.1 2>/dev/null; then nap=0.2 per=5; else nap=1 per=1; fi\n"
            f"while [ $n -lt $(({seconds} * per)) ]; do {running}; sleep $nap; n=$((n + 1)); done\n"
            f"ctr tasks rm -f {name}\nctr containers rm {name}\n{self._disconnect(container)}"
        )

    def _disconnect(self, container: Container) -> Script:
        down = networks.down(container)
        return f"cd {quoted((str(container.directory),))} && {down}" if down else ""


def _started_with(runtime: Runtime) -> Argv:
    """A shim of its own, or a program in the hands of runc's."""
    return ("--runtime", runtime.handler) if runtime.handler else ("--runc-binary", runtime.program)


def _filter(container: Container) -> Script:
    """Set $filter: the default filter of system calls, except for a shim that makes a kernel of its own."""
    return "filter=\n" if container.runtime and container.runtime.handler else _FILTER


def _directories(container: Container) -> Iterator[tuple[int, str]]:
    """How deep each is, and what ctr is told of it: one below another one comes after it."""
    bind = [(v.target, _source(container, v), ("rbind", "ro" if v.read_only else "rw"))
            for v in container.settings.volumes]  # fmt: skip
    memory = [(each.target, "tmpfs", each.options) for each in container.settings.tmpfs]
    for kind, found in (("bind", bind), ("tmpfs", memory)):
        for target, source, options in found:
            mount = f"type={kind},src={source},dst={target},options={':'.join(options)}"
            yield target.strip("/").count("/"), mount


def _source(container: Container, volume: Volume) -> str:
    return f"{container.state}/volumes/{volume.source}" if volume.named else volume.source


def _made(container: Container) -> Script:
    """Make the directories of its named volumes, for who the container runs as."""
    owner, text = "{}:{}".format(*container.user), ""
    for path in (
        quoted((_source(container, volume),)) for volume in container.settings.volumes if volume.named
    ):
        text += (
            f"[ -e {path} ] || {{ mkdir -p {path} && chmod 755 {path} && chown {owner} {path}; }} || exit\n"
        )
    return text


def _word(name: str) -> Script:
    """A pattern of `case` that matches *name* as a line of several."""
    n = quoted((name,))
    return f"{n} | {n}'\n'* | *'\n'{n} | *'\n'{n}'\n'*"


@hookimpl
def sdk_stacks() -> list[Containerd]:
    return [Containerd()]
