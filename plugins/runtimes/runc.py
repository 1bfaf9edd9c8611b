"""runc, the reference OCI runtime, written in Go."""

from __future__ import annotations

from sdk_hooks import hookimpl
from sdk_hooks.runclike import RuncLike


class Runc(RuncLike):
    name = "runc"
    summary = "reference OCI runtime, in Go"


@hookimpl
def sdk_runtimes() -> list[Runc]:
    return [Runc()]
