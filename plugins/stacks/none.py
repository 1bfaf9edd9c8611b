"""No engine: an OCI runtime alone, with layers kept by digest and a shell loop that restarts it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from sdk_hooks import Argv, Container, Runtime, Script, SdkError, Setup, Stack, Target, hookimpl, networks
from sdk_hooks.bundle import config_json, configure
from sdk_hooks.shell import quoted

_RUNNING = """case "$({state} 2>/dev/null)" in *'"status": "running"'*) return 0 ;; esac
return 1"""
_PREFERENCE = ("podman", "docker", "containerd", "cri-o", "none")


class NoStack:
    name = "none"
    summary = "no engine: crun or runc alone, for targets that have only sh and tar"
    programs = ("tar",)
    takes = "layers"
    networks = ("host", "none", "cni")
    restarts = False
    boots = True
    space = 1.0

    def environment(self, target: Target) -> Mapping[str, str]:  # noqa: ARG002
        return {}

    def inside(self, target: Target) -> Argv:  # noqa: ARG002
        return ()

    def lacks(self, runtime: Runtime, target: Target) -> str:  # noqa: ARG002
        return "" if runtime.alone else f"{runtime.name} needs an engine that starts it"

    def setup(self, runtime: Runtime, target: Target) -> Setup | None:  # noqa: ARG002  nothing is configured
        return None

    def inventory(self, containers: Argv, details: bool) -> Script:  # noqa: ARG002
        # the runtimes are asked for the names by the core
        return (
            'for l in "$STATE"/layers/sha256-*; do [ ! -d "$l" ] || echo "blob sha256:${l##*sha256-}"; done\n'
        )

    def load(self) -> Argv:
        return ("tar", "-xf", "-")

    def tag(self, image: str, name: str) -> Argv:  # noqa: ARG002  there are no names, only digests
        return ("true",)

    def untag(self, image: str) -> Argv:  # noqa: ARG002  layers that nothing uses are swept
        return ("true",)

    def forget_volume(self, volume: str) -> Argv:  # noqa: ARG002  they are directories of ours
        return ()

    def files(self, container: Container, target: Target) -> Mapping[str, str]:
        scripts = {name: script(f"none-{name}") for name in ("run", "supervise", "down", "state-of")}
        return {
            "bundle.json": config_json(container, target),
            "vars": _variables(container, target),
            **scripts,
            **networks.files(container, target),
        }

    def unit(self, container: Container, target: Target) -> None:  # noqa: ARG002
        return None

    def run(self, container: Container) -> Argv:
        return ("sh", str(container.directory / "run"))

    def remove(self, container: Container) -> tuple[Argv, ...]:
        return (("sh", str(container.directory / "down")),)

    def exec(self, container: Container, command: Argv) -> Argv:
        return _runtime(container).exec(container.name, container.user, command)

    def state(self, container: Container) -> Script:
        return quoted(("sh", str(container.directory / "state-of")))

    def logs(self, container: Container, follow: bool, lines: int) -> Argv:
        log = str(container.directory / "log")
        return ("tail", "-n", str(lines), *(("-F",) if follow else ()), log)


def script(name: str) -> Script:
    """A script of the stacks."""
    return files("sdk_plugins.stacks").joinpath(f"{name}.sh").read_text(encoding="utf-8")


def _variables(container: Container, target: Target) -> Script:
    runtime = _runtime(container)
    signal = container.config.get("StopSignal") or "TERM"
    functions = {
        "run": quoted(runtime.run(container, container.directory / "bundle")),
        "stop": quoted(runtime.kill(container.name, signal)),
        "stop_now": quoted(runtime.kill(container.name, "KILL")),
        "delete": quoted(runtime.delete(container.name)),
        "configure": configure(container, "bundle.json", "bundle/config.json"),
        "present": _present(container),
        "disconnect": networks.down(container) or "true",
        "running": _RUNNING.format(state=quoted(runtime.state(container.name))),
    }
    return assigned(container, target, functions)


def _present(container: Container) -> Script:
    """Commands that connect it, or say what is not there; they may end the shell that they are in."""
    nodes = dict.fromkeys(node.device.source for node in container.devices)
    text = "".join(f"{_there(path, f'device {path}')} || return\n" for path in nodes)
    connect = networks.up(container).rstrip()
    if not connect:
        return f"{text}true"
    parents = dict.fromkeys(joined.network.parent for joined in container.networks if joined.network.parent)
    why = "".join(f"{_there(f'/sys/class/net/{name}', f'interface {name}')}\n" for name in parents)
    return f"{text}({connect}) && return\n{why}return 1"


def _there(path: str, what: str) -> Script:
    return f"{{ [ -e {quoted((path,))} ] || {{ echo {quoted((f'{what} is not there',))}; false; }}; }}"


def assigned(container: Container, target: Target, functions: Mapping[str, Script]) -> Script:
    """What the scripts of a deployment differ in: values, and the commands that they call as functions."""
    settings = container.settings
    values = {
        "state": str(container.state),
        "directory": str(container.directory),
        "lower": ":".join(layer.replace(":", "-") for layer in reversed(container.layers)),
        "volumes": " ".join(volume.source for volume in settings.volumes if volume.named),
        "owner": f"{target.uid}:{target.gid}" if container.rootless else "{}:{}".format(*container.user),
        "policy": settings.restart.policy,
        "retries": str(settings.restart.retries),
        "seconds": str(round(settings.stop_timeout)),
    }
    text = "".join(f"{key}={quoted((value,))}\n" for key, value in values.items())
    return text + "".join(f"{name}() {{\n{body}\n}}\n" for name, body in functions.items())


def _runtime(container: Container) -> Runtime:
    if container.runtime is None:
        raise SdkError(
            "without a stack a runtime is needed", hint="name one with --runtime", code="no-runtime"
        )
    return container.runtime


@hookimpl
def sdk_stacks() -> list[NoStack]:
    return [NoStack()]


@hookimpl
def sdk_choose_stack(target: Target, stacks: Mapping[str, Stack]) -> str | None:  # noqa: ARG001
    """What needs least comes first; no engine at all only where there is none."""
    return next((name for name in _PREFERENCE if name in stacks), None)
