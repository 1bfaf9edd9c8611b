"""For authors of runtimes: one whose command line is runc's."""

from __future__ import annotations

from pathlib import PurePosixPath

from sdk_hooks.container import Container
from sdk_hooks.target import Argv, Needs, Target


class RuncLike:
    """runc, crun, youki, runsc: what differs is overridden.

    A subclass sets `name` and `summary`, `program` when it is called otherwise, `handler` when it has a shim
    of its own, and `options` that go before the verb of `run`.
    """

    name: str
    summary: str
    alone = True
    handler = ""
    options: Argv = ()

    @property
    def program(self) -> str:
        return self.name

    def needs(self, target: Target) -> Needs:  # noqa: ARG002  the same everywhere
        return Needs(programs=(self.program,))

    def refuses(self, container: Container) -> str:  # noqa: ARG002  runc can do it all
        return ""

    def filters(self) -> Argv:
        return (self.program, "--version")

    def run(self, container: Container, bundle: PurePosixPath) -> Argv:
        return (self.program, *self.options, "run", "--bundle", str(bundle), container.name)

    def exec(self, container: str, user: tuple[int, int], command: Argv) -> Argv:
        return (self.program, "exec", "--user", "{}:{}".format(*user), container, *command)

    def state(self, container: str) -> Argv:
        return (self.program, "state", container)

    def kill(self, container: str, signal: str) -> Argv:
        return (self.program, "kill", container, signal)

    def delete(self, container: str) -> Argv:
        return (self.program, "delete", "--force", container)


def shim(handler: str) -> str:
    """The program that containerd looks for: containerd-shim-kata-v2 for io.containerd.kata.v2."""
    return "containerd-shim-" + "-".join(handler.split(".")[-2:])
