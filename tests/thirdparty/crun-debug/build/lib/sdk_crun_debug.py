"""crun that writes down what it does: somebody else's plugin, for the tests."""

from pathlib import PurePosixPath

from sdk_hooks import Argv, Needs, Target, hookimpl

LOG = "/tmp/crun-debug.log"


class CrunDebug:
    name = "crun-debug"
    summary = "crun with a log of its own"

    def needs(self, target: Target) -> Needs:
        return Needs(programs=("crun",))

    def run(self, container: str, bundle: PurePosixPath) -> Argv:
        return ("crun", "--debug", f"--log={LOG}", "run", "--bundle", str(bundle), container)

    def exec(self, container: str, user: tuple[int, int], command: Argv) -> Argv:
        return ("crun", "exec", "--user", "{}:{}".format(*user), container, *command)

    def state(self, container: str) -> Argv:
        return ("crun", "state", container)

    def kill(self, container: str, signal: str) -> Argv:
        return ("crun", "kill", container, signal)

    def delete(self, container: str) -> Argv:
        return ("crun", "delete", "--force", container)


@hookimpl
def sdk_runtimes() -> list[CrunDebug]:
    return [CrunDebug()]
