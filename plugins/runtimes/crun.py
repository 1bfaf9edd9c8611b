"""crun, the OCI runtime written in C: small, and quick to start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from sdk_hooks import Argv, Needs, Runtime, Target, hookimpl


class Crun:
    name = "crun"
    summary = "OCI runtime in C, for targets short of memory"

    def needs(self, target: Target) -> Needs:  # noqa: ARG002  the same everywhere
        return Needs(programs=("crun",))

    def run(self, container: str, bundle: PurePosixPath) -> Argv:
        return ("crun", "run", "--bundle", str(bundle), container)

    def exec(self, container: str, user: tuple[int, int], command: Argv) -> Argv:
        return ("crun", "exec", "--user", "{}:{}".format(*user), container, *command)

    def state(self, container: str) -> Argv:
        return ("crun", "state", container)

    def kill(self, container: str, signal: str) -> Argv:
        return ("crun", "kill", container, signal)

    def delete(self, container: str) -> Argv:
        return ("crun", "delete", "--force", container)


@hookimpl
def sdk_runtimes() -> list[Crun]:
    return [Crun()]


@hookimpl
def sdk_choose_runtime(runtimes: Mapping[str, Runtime]) -> str | None:
    """It starts quickest and needs the least memory."""
    return Crun.name if Crun.name in runtimes else None
