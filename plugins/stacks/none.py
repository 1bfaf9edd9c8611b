"""No engine: an OCI runtime alone, with layers kept by digest and a shell loop that restarts it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from sdk_hooks import Argv, Container, Runtime, Script, SdkError, Stack, Target, hookimpl
from sdk_hooks.bundle import config_json
from sdk_hooks.shell import quoted

_PREFERENCE = ("podman", "docker", "containerd", "none")


class NoStack:
    name = "none"
    summary = "no engine: crun or runc alone, for targets that have only sh and tar"
    programs = ("tar",)
    takes = "layers"
    networks = ("host", "none")
    restarts = False
    space = 1.0

    def inventory(self, container: str) -> Script:
        name = quoted((container,))
        return (
            'for l in "$STATE"/layers/sha256-*; do [ ! -d "$l" ] || echo "blob sha256:${l##*sha256-}"; done\n'
            f"for r in crun runc; do $r state {name} >/dev/null 2>&1 && echo 'state known'; done\n"
            "return 0\n"
        )

    def load(self) -> Argv:
        return ("tar", "-xf", "-")

    def tag(self, image: str, name: str) -> Argv:  # noqa: ARG002  there are no names, only digests
        return ("true",)

    def untag(self, image: str) -> Argv:  # noqa: ARG002  layers that nothing uses are swept
        return ("true",)

    def files(self, container: Container, target: Target) -> Mapping[str, str]:
        scripts = {name: _script(name, container) for name in ("run", "supervise", "down", "state-of")}
        return {"bundle.json": config_json(container, target), **scripts}

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


def _script(name: str, container: Container) -> Script:
    runtime, settings = _runtime(container), container.settings
    values = {
        "NAME": quoted((container.name,)),
        "STATE": str(container.state),
        "DIR": str(container.directory),
        "LOWER": ":".join(layer.replace(":", "-") for layer in reversed(container.layers)),
        "VOLUMES": " ".join(v.source for v in settings.volumes if v.named),
        "BINDS": " ".join(quoted((v.source,)) for v in settings.volumes if not v.named),
        "USER": "{}:{}".format(*container.user),
        "RUN": quoted(runtime.run(container.name, container.directory / "bundle")),
        "QUERY": quoted(runtime.state(container.name)),
        "TERM": quoted(runtime.kill(container.name, container.config.get("StopSignal") or "TERM")),
        "KILL": quoted(runtime.kill(container.name, "KILL")),
        "DELETE": quoted(runtime.delete(container.name)),
        "POLICY": settings.restart.policy,
        "RETRIES": str(settings.restart.retries),
        "SECONDS": str(round(settings.stop_timeout)),
    }
    text = files("sdk_plugins.stacks").joinpath(f"none-{name}.sh").read_text()
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


def _runtime(container: Container) -> Runtime:
    if container.runtime is None:
        raise SdkError("without a stack a runtime is needed", hint="name one with --runtime", code="no-runtime")
    return container.runtime


@hookimpl
def sdk_stacks() -> list[NoStack]:
    return [NoStack()]


@hookimpl
def sdk_choose_stack(target: Target, stacks: Mapping[str, Stack]) -> str | None:  # noqa: ARG001
    """What needs least comes first; no engine at all only where there is none."""
    return next((name for name in _PREFERENCE if name in stacks), None)
