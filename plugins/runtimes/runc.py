"""runc, the reference OCI runtime, written in Go."""

from __future__ import annotations

from sdk_hooks import Needs, Target, hookimpl
from sdk_hooks.runclike import RuncLike


class Runc(RuncLike):
    name = "runc"
    summary = "reference OCI runtime, in Go"

    def needs(self, target: Target) -> Needs:  # noqa: ARG002  the same everywhere
        return Needs(programs=(self.name,), cgroups=(1, 2))


@hookimpl
def sdk_runtimes() -> list[Runc]:
    return [Runc()]
