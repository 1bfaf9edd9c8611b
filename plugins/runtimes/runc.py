"""runc, the reference OCI runtime, written in Go."""

from __future__ import annotations

from pathlib import PurePosixPath

from sdk_hooks import Argv, Needs, Target, hookimpl


class Runc:
    name = "runc"
    summary = "reference OCI runtime, in Go"

    def needs(self, target: Target) -> Needs:  # noqa: ARG002  the same everywhere
        return Needs(programs=("runc",))

    def run(self, container: str, bundle: PurePosixPath) -> Argv:
        return ("runc", "run", "--bundle", str(bundle), container)

    def exec(self, container: str, user: tuple[int, int], command: Argv) -> Argv:
        return ("runc", "exec", "--user", "{}:{}".format(*user), container, *command)

    def state(self, container: str) -> Argv:
        return ("runc", "state", container)

    def kill(self, container: str, signal: str) -> Argv:
        return ("runc", "kill", container, signal)

    def delete(self, container: str) -> Argv:
        return ("runc", "delete", "--force", container)


@hookimpl
def sdk_runtimes() -> list[Runc]:
    return [Runc()]
