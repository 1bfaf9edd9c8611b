"""containerd, driven by its own `ctr`: what is left of an engine when nothing else needs one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sdk_hooks import (
    Argv,
    Container,
    Runtime,
    Script,
    Setup,
    Target,
    Volume,
    hookimpl,
    networks,
)
from sdk_hooks.bundle import idle
from sdk_hooks.runclike import shim
from sdk_hooks.security import filtered
from sdk_hooks.shell import quoted

from . import ctr, ctrtasks, rootlesskit  # noqa: TID251  relatively they are no second copies

# Without a limit ctr waits 10 s for a daemon that is not there.
_CTR = ("ctr", "--connect-timeout", "3s")

# ctr filters system calls only when told to, and knows the word since 1.5.
_FILTER = """\
found=
! grep -q '^Seccomp:' /proc/self/status || case $(ctr run --help 2>/dev/null) in
*--seccomp\\ *) found=--seccomp ;; esac
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

    def environment(self, target: Target) -> Mapping[str, str]:
        facts = target.stacks.get(self.name)
        return {rootlesskit.STATE: facts.daemon} if facts and facts.daemon else {}

    def inside(self, target: Target) -> Argv:
        return rootlesskit.INSIDE if self.environment(target) else ()

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
            f"{rootlesskit.FOUND} && "
            f'c=$({quoted((*_CTR, "content", "ls", "-q"))}) || {{ echo "$c"; return 1; }}\n'
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
        words = self._run(container)
        run = f'set -- {quoted(words)}\n{_before(container, words)}{quoted((*_CTR, "run"))} $found "$@"'
        made, started = f"{_made(container)}{fresh}", f"{run} || exit\n"
        networked = networks.files(container, target)
        if ctrtasks.alone(container):
            files = ctrtasks.again(container, f"{here}{started}", self._disconnect(container))
            launched = f"sh {quoted((str(container.directory / 'launch'),))} || exit\n"
            return {"run": f"{made}{launched}{ctrtasks.watched(container)}", **files, **networked}
        run = f"{made}{here}{started}{self._restart(container)}{rootlesskit.forward(container)}"
        return {"run": run, **networked}

    def unit(self, container: Container, target: Target) -> None:  # noqa: ARG002
        return None

    def run(self, container: Container) -> Argv:
        if not container.attach:
            return ("sh", str(container.directory / "run"))
        run = rootlesskit.attached(container, f'{quoted((*_CTR, "run"))} $found "$@"')
        words = self._run(container)
        return ("sh", "-c", f"{_made(container)}{_before(container, words)}{run}", "sh", *words)

    def _run(self, container: Container) -> Argv:
        settings, limits = container.settings, container.settings.resources
        attached = ("--rm", *(("--tty",) if container.tty else ()))
        detached = ("--detach", "--log-uri", f"file://{self._log(container)}")
        return (
            *(attached if container.attach else detached),
            *(_started_with(container.runtime) if container.runtime else ()),
            *self._network(container),
            *rootlesskit.group(container),
            *(("--read-only",) if settings.read_only else ()),
            *(("--memory-limit", str(limits.memory)) if limits.memory else ()),
            *(("--cpus", f"{limits.cpus:g}") if limits.cpus else ()),
            *(word for key, value in settings.env.items() for word in ("--env", f"{key}={value}")),
            *self._mounts(container),
            *ctr.devices(container),
            *ctr.privileges(container),
            *ctr.namespaces(container),
            *("--label", f"devtool-containers.digest={container.digest}"),
            container.image,
            container.name,
            *self._command(container),
        )

    def remove(self, container: Container) -> tuple[Argv, ...]:
        return (("sh", "-c", self._stop(container)),)

    def exec(self, container: Container, command: Argv) -> Argv:
        return ctrtasks.execute(container, command)

    def state(self, container: Container) -> Script:
        name = _word(container.name)
        there = f"case \"$(ctr containers ls -q)\" in {name}) now='stopped unknown' ;; esac\n"
        running = f"{ctrtasks.state(container)}{rootlesskit.unreached(container)}"
        return f'now=absent\n{there}{running}echo "$now"\n'

    def logs(self, container: Container, follow: bool, lines: int) -> Argv:
        return ("tail", "-n", str(lines), *(("-f",) if follow else ()), self._log(container))

    def _log(self, container: Container) -> str:
        return str(container.directory / "log")

    def _network(self, container: Container) -> Argv:
        if container.networks:
            return ("--with-ns", f"network:{networks.path(container)}")
        if container.nested:
            return ()
        if container.settings.network != "host":
            return ()
        if networks.etc(container):  # with --net-host ctr mounts the target's own files of names over ours
            return ("--with-ns", "network:/proc/1/ns/net")
        return ("--net-host",)

    def _mounts(self, container: Container) -> Argv:
        words: list[str] = []
        for name in networks.etc(container):
            file = container.directory / name
            words += ["--mount", f"type=bind,src={file},dst=/etc/{name},options=rbind:ro"]
        if networks.etc(container) and container.settings.network == "host" and not container.nested:
            for name in _others(container):
                words += ["--mount", f"type=bind,src=/etc/{name},dst=/etc/{name},options=rbind:ro"]
        for _, mount in sorted(_directories(container), key=lambda each: each[0]):
            words += ["--mount", mount]
        return tuple(words)

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
        words = ("ctr", "containers", "label", container.name, "containerd.io/restart.status=")
        watch = ctrtasks.unwatched(container) if ctrtasks.alone(container) else f"{quoted(words)}\n"
        return f"{watch}{ctrtasks.stop(container)}{self._disconnect(container)}"

    def _disconnect(self, container: Container) -> Script:
        down = networks.down(container)
        down = f"cd {quoted((str(container.directory),))} && {down}" if down else ""
        return rootlesskit.unforward(container) + down


def _started_with(runtime: Runtime) -> Argv:
    """A shim of its own, or a program in the hands of runc's."""
    return ("--runtime", runtime.handler) if runtime.handler else ("--runc-binary", runtime.program)


def _before(container: Container, run: Argv) -> Script:
    """Set $found: the default filter of system calls, except for a shim that makes a kernel of its own."""
    own = container.runtime and container.runtime.handler
    found = "found=\n" if own or not filtered(container.settings) else _FILTER
    told = idle(container, Containerd.name)
    return told + found + rootlesskit.network(container) + rootlesskit.kept(container, run)


def _others(container: Container) -> Argv:
    """The files of names that are the target's own."""
    return tuple(name for name in ("hosts", "resolv.conf") if name not in networks.etc(container))


def _directories(container: Container) -> Iterator[tuple[int, str]]:
    """How deep each is, and what ctr is told of it: one below another one comes after it."""
    bind = [(v.target, _source(container, v), ("rbind", "ro" if v.read_only else "rw"))
            for v in container.settings.volumes]  # fmt: skip
    memory = [(each.target, "tmpfs", each.options_for(container.user)) for each in container.settings.tmpfs]
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
