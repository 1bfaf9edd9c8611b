"""crun, the OCI runtime written in C: small, and quick to start."""

from __future__ import annotations

from collections.abc import Mapping

from sdk_hooks import Runtime, hookimpl
from sdk_hooks.runclike import RuncLike


class Crun(RuncLike):
    name = "crun"
    summary = "OCI runtime in C, for targets short of memory"


@hookimpl
def sdk_runtimes() -> list[Crun]:
    return [Crun()]


@hookimpl
def sdk_choose_runtime(runtimes: Mapping[str, Runtime]) -> str | None:
    """It starts quickest and needs the least memory."""
    return Crun.name if Crun.name in runtimes else None
