"""crun, the OCI runtime written in C: small, and quick to start."""

from __future__ import annotations

from collections.abc import Mapping

from sdk_hooks import Argv, Needs, Runtime, Target, hookimpl
from sdk_hooks.runclike import RuncLike


class Crun(RuncLike):
    name = "crun"
    summary = "OCI runtime in C, for targets short of memory"

    def needs(self, target: Target) -> Needs:
        # "cgroups in hybrid mode not supported, drop all controllers from cgroupv2", in every version
        mixed = f"it wants no cgroup controllers in version 2 beside version 1: {target.hybrid}"
        return Needs(programs=(self.name,), cgroups=(1, 2), prevented=mixed if target.hybrid else "")

    def exec(self, container: str, user: tuple[int, int], command: Argv) -> Argv:  # noqa: ARG002
        # it is the container's own user unless one is named, who would be in none of the groups of devices
        return (self.name, "exec", container, *command)


@hookimpl
def sdk_runtimes() -> list[Crun]:
    return [Crun()]


@hookimpl
def sdk_choose_runtime(runtimes: Mapping[str, Runtime]) -> str | None:
    """It starts quickest and needs the least memory."""
    return Crun.name if Crun.name in runtimes else None
