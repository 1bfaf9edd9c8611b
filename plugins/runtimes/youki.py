"""youki, an OCI runtime written in Rust."""

from __future__ import annotations

from sdk_hooks import Argv, hookimpl
from sdk_hooks.runclike import RuncLike


class Youki(RuncLike):
    name = "youki"
    summary = "OCI runtime in Rust"

    def filters(self) -> Argv:
        return ("youki", "features")


@hookimpl
def sdk_runtimes() -> list[Youki]:
    return [Youki()]
