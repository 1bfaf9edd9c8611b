"""cri-o: the engine of Kubernetes nodes, driven by `crictl`; images go to its storage by podman or skopeo."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from sdk_hooks import Argv, Container, Runtime, Script, SdkError, Settings, Setup, Target, hookimpl, security
from sdk_hooks.runclike import shim
from sdk_hooks.shell import quoted

from .none import assigned, script  # noqa: TID251  relatively it is no second copy

# Without an endpoint crictl asks containerd first, and complains.
_CRICTL = ("crictl", "--runtime-endpoint", "unix:///run/crio/crio.sock")
_ASK = quoted(_CRICTL)
_NODE, _CONTAINER = 2, 1
"""Of the CRI's NamespaceMode."""
_UNCONFINED = 1
"""Of its SecurityProfile."""
_PERIOD = 100_000
_RUNTIMES = '{{range $name, $_ := .config.crio.Runtimes}}runtime {{$name}}{{"\\n"}}{{end}}'
_HELD = '{{range .RootFS.Layers}}blob {{.}}{{"\\n"}}{{end}}'
_TRANSPORT = "containers-storage:"


class CriO:
    name = "cri-o"
    summary = "engine of Kubernetes nodes, through crictl, restarted by a shell loop of ours"
    programs = ("crictl", "crio")
    takes = "archive"
    networks = ("host",)
    restarts = False
    boots = False
    space = 4.0  # as podman, which shares its storage

    def environment(self, target: Target) -> Mapping[str, str]:  # noqa: ARG002
        return {}

    def inside(self, target: Target) -> Argv:  # noqa: ARG002
        return ()

    def lacks(self, runtime: Runtime, target: Target) -> str:
        there = runtime.name in target.stacks[self.name].runtimes
        return "" if there else f"its crio.conf has no handler {runtime.name}"

    def setup(self, runtime: Runtime, target: Target) -> Setup | None:
        if target.uid or not (runtime.program or runtime.handler):
            return None
        program = runtime.program or shim(runtime.handler)
        path = target.places.get(program, f"/usr/bin/{program}")
        how = f'runtime_path = "{path}"\nruntime_type = "{"oci" if runtime.program else "vm"}"'
        text = f"[crio.runtime.runtimes.{runtime.name}]\n{how}\n"
        file = f"/etc/crio/crio.conf.d/50-devtool-containers-{runtime.name}.conf"
        return Setup(file, text, 'kill -HUP "$(pidof crio)"\n')

    def inventory(self, containers: Argv, details: bool) -> Script:
        states = "".join(
            f'[ -z "$({_ASK} pods -q --name {quoted((f"^{name}$",))})" ] || '
            f"echo state {quoted((name,))} known\n"
            for name in containers
        )
        # the CRI has had names of CDI devices since Kubernetes 1.27, and CRI-O has taken them since 1.28
        cdi = "case $1 in 0.* | 1.? | 1.?.* | 1.1?.* | 1.2[0-7].*) ;; *) echo cdi yes ;; esac\n"
        runtimes = f"{cdi}{_ASK} info -o go-template --template {quoted((_RUNTIMES,))}\n"
        return (
            f'v=$($limit {_ASK} version 2>&1) || {{ echo "$v"; return 1; }}\n'
            'set -- ${v##*RuntimeVersion:}\necho "version $1"\n'
            f"{states}{runtimes if details else ''}"
            "i=$(podman image ls -q)\n"
            f"[ -z \"$i\" ] || podman image inspect --format '{_HELD}' $i\nreturn 0\n"
        )

    def load(self) -> Argv:
        return ("sh", "-c", script("crio-load"))

    def tag(self, image: str, name: str) -> Argv:
        copy = f'exec skopeo copy -q "{_TRANSPORT}$1" "{_TRANSPORT}$2"'
        return ("sh", "-c", f'podman tag "$1" "$2" 2>/dev/null || {copy}', "sh", image, name)

    def untag(self, image: str) -> Argv:
        return ("sh", "-c", f'podman rmi "$1" 2>/dev/null || exec {_ASK} rmi "$1"', "sh", image)

    def forget_volume(self, volume: str) -> Argv:  # noqa: ARG002  they are directories of ours
        return ()

    def files(self, container: Container, target: Target) -> Mapping[str, str]:
        return {
            "pod.json": json.dumps(_pod(container), indent=1),
            "container.json": json.dumps(_box(container, target), indent=1),
            "vars": assigned(container, target, _functions(container)),
            "run": script("crio-run"),
            **{name: script(f"none-{name}") for name in ("supervise", "down", "state-of")},
        }

    def unit(self, container: Container, target: Target) -> None:  # noqa: ARG002
        return None

    def run(self, container: Container) -> Argv:
        if container.attach:
            what = "cri-o runs no container in the foreground"
            raise SdkError(what, hint="choose another stack with --stack", code="no-foreground")
        return ("sh", str(container.directory / "run"))

    def remove(self, container: Container) -> tuple[Argv, ...]:
        return (("sh", str(container.directory / "down")),)

    def exec(self, container: Container, command: Argv) -> Argv:
        inner = f'box=$(cat "$1") && shift && exec {_ASK} exec --sync "$box" "$@"'
        return ("sh", "-c", inner, "sh", str(container.directory / "box"), *command)

    def state(self, container: Container) -> Script:
        return quoted(("sh", str(container.directory / "state-of")))

    def logs(self, container: Container, follow: bool, lines: int) -> Argv:
        # each line begins with a time, the stream, and whether it is whole
        strip = 'while IFS= read -r l; do l=${l#* }; l=${l#* }; printf "%s\\n" "${l#* }"; done'
        tail = f'tail -n "$2" {"-F" if follow else ""} output 2>/dev/null'
        inner = f'cd "$1" && cat log 2>/dev/null; {tail} | {strip}'
        return ("sh", "-c", inner, "sh", str(container.directory), str(lines))


def _pod(container: Container) -> dict[str, Any]:
    settings, directory = container.settings, str(container.directory)
    shared = {kind: _NODE if getattr(settings, kind) else _CONTAINER for kind in ("pid", "ipc")}
    names = {"servers": settings.dns, "searches": settings.dns_search, "options": settings.dns_opt}
    context = {"namespace_options": {"network": _NODE, **shared}, **_unconfined(settings)}
    return {
        "metadata": {
            "name": container.name,
            "namespace": "devtool-containers",
            "uid": f"{container.name}-{container.directory.name}",
            "attempt": 0,
        },
        "log_directory": directory,
        **({"hostname": settings.hostname} if settings.hostname else {}),
        **({"dns_config": {key: list(each) for key, each in names.items()}} if settings.dns else {}),
        "linux": {"security_context": context, "sysctls": dict(settings.sysctls)},
    }


def _box(container: Container, target: Target) -> dict[str, Any]:
    """The CRI's container config; what it has no place for is refused.

    :raises SdkError: With what that is.
    """
    settings, config = container.settings, container.config
    _check(settings)
    found = {
        "metadata": {"name": container.name},
        **({"working_dir": settings.workdir} if settings.workdir else {}),
        "image": {"image": container.image},
        "log_path": "output",
        "envs": [{"key": key, "value": value} for key, value in settings.env.items()],
        "mounts": [
            {
                "container_path": volume.target,
                "host_path": f"{container.state}/volumes/{volume.source}" if volume.named else volume.source,
                "readonly": volume.read_only,
            }
            for volume in settings.volumes
        ],
        "devices": [
            {"container_path": d.target, "host_path": d.source, "permissions": d.access}
            for d in (node.device for node in container.devices)
        ],
        "CDI_devices": [{"name": name} for name in container.cdi],
        "linux": {"resources": _resources(container, target), "security_context": _security(container)},
    }
    if container.command is not None:
        found |= {"command": list(config.get("Entrypoint") or ()), "args": list(container.command)}
    return found


def _check(settings: Settings) -> None:
    """
    :raises SdkError: With the first thing that the CRI has no word for.
    """
    hosts = [name for name, _ in settings.extra_hosts]
    refused = (
        (settings.ulimits, "ulimit", "set the limit {0.name!r} of processes", "leave out ulimits:"),
        (
            [settings.stop_signal] if settings.stop_signal else (),
            "signal",
            "stop a container with {0!r} instead of its image's signal",
            "say stop_signal: when it is built",
        ),
        (settings.tmpfs, "tmpfs", "give a container a directory in memory: {0.target}", "leave out tmpfs:"),
        (hosts, "hosts", "give a container names of its own: {0}", "leave out extra_hosts:"),
        (
            settings.dns_search or settings.dns_opt if not settings.dns else (),
            "dns",
            "keep the target's name servers beside {0!r}",
            "say which: dns:",
        ),
    )
    for said, code, what, hint in refused:
        if said:
            text = f"cri-o can't {what.format(said[0])}"
            raise SdkError(text, hint=f"use another stack, or {hint}", code=f"no-{code}")


def _resources(container: Container, target: Target) -> dict[str, Any]:
    limits = container.settings.resources
    cpu = {"cpu_quota": int(limits.cpus * _PERIOD), "cpu_period": _PERIOD} if limits.cpus else {}
    memory = {"memory_limit_in_bytes": limits.memory} if limits.memory else {}
    # the CRI has no other word for it
    pids = {"unified": {"pids.max": str(limits.pids)}} if limits.pids and target.cgroup == 2 else {}
    return {**cpu, **memory, **pids}


def _security(container: Container) -> dict[str, Any]:
    (uid, gid), settings = container.user, container.settings
    caps = {"add_capabilities": list(settings.cap_add), "drop_capabilities": list(settings.cap_drop)}
    return {
        "run_as_user": {"value": uid},
        "run_as_group": {"value": gid},
        "supplemental_groups": list(container.groups),
        "readonly_rootfs": settings.read_only,
        **({"capabilities": caps} if settings.cap_add or settings.cap_drop else {}),
        "no_new_privs": True,
        **_pod(container)["linux"]["security_context"],
    }


def _unconfined(settings: Settings) -> dict[str, Any]:
    """What is left out of what keeps it in."""
    said, none = settings.security_opt, {"profile_type": _UNCONFINED}
    return {
        **({"privileged": True} if settings.privileged else {}),
        **({"seccomp": none} if security.NO_FILTER in said else {}),
        **({"apparmor": none} if security.NO_APPARMOR in said else {}),
        **({"selinux_options": {"type": "spc_t"}} if security.NO_LABEL in said else {}),
    }


def _functions(container: Container) -> dict[str, Script]:
    """What the supervisor calls, in the deployment's directory."""
    handler = f" --runtime {container.runtime.name}" if container.runtime else ""
    seconds = round(container.settings.stop_timeout)
    state = "ask inspect -o go-template --template '{{.status.state}}'"
    return {
        "ask": f'{_ASK} "$@"',
        "run": f"start{handler} && wait_for_end",
        "stop": f'ask stop --timeout {seconds} "$(cat box)" >/dev/null',
        "stop_now": 'ask stop "$(cat box)" >/dev/null',
        "delete": '[ ! -f pod ] || ask rmp -f "$(cat pod)" >/dev/null; rm -f pod box',
        "connect": "true",
        "disconnect": "true",
        "running": f'[ -f box ] && [ "$({state} "$(cat box)" 2>/dev/null)" = CONTAINER_RUNNING ]',
        **_loop(),
    }


def _loop() -> dict[str, Script]:
    text = files("sdk_plugins.stacks").joinpath("crio-loop.sh").read_text(encoding="utf-8")
    start, wait = text.split("# WAIT\n")
    return {"start": start.rstrip(), "wait_for_end": wait.rstrip()}


@hookimpl
def sdk_stacks() -> list[CriO]:
    return [CriO()]
