"""For authors of runtimes: one whose command line is runc's."""

from __future__ import annotations

from pathlib import PurePosixPath

from sdk_hooks.container import Container
from sdk_hooks.target import Argv, Needs, Target


class RuncLike:
    """runc, crun, youki, runsc: what differs is overridden.

    A subclass sets `name` and `summary`, `program` when it is called otherwise, and `options` that go before
    the verb of `run`.
    """

    name: str
    summary: str
    program: str = ""
    options: Argv = ()

    @property
    def _program(self) -> str:
        return self.program or self.name

    def needs(self, target: Target) -> Needs:  # noqa: ARG002  the same everywhere
        return Needs(programs=(self._program,))

    def refuses(self, container: Container) -> str:  # noqa: ARG002  runc can do it all
        return ""

    def run(self, container: str, bundle: PurePosixPath) -> Argv:
        return (self._program, *self.options, "run", "--bundle", str(bundle), container)

    def exec(self, container: str, user: tuple[int, int], command: Argv) -> Argv:
        return (self._program, "exec", "--user", "{}:{}".format(*user), container, *command)

    def state(self, container: str) -> Argv:
        return (self._program, "state", container)

    def kill(self, container: str, signal: str) -> Argv:
        return (self._program, "kill", container, signal)

    def delete(self, container: str) -> Argv:
        return (self._program, "delete", "--force", container)
