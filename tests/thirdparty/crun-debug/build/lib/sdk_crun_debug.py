"""crun that writes down what it does: somebody else's plugin, for the tests."""

from sdk_hooks import hookimpl
from sdk_hooks.runclike import RuncLike


class CrunDebug(RuncLike):
    name = "crun-debug"
    summary = "crun with a log of its own"
    program = "crun"
    options = ("--debug", "--log=/tmp/crun-debug.log")


@hookimpl
def sdk_runtimes() -> list[CrunDebug]:
    return [CrunDebug()]
