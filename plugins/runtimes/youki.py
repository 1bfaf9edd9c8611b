"""youki, an OCI runtime written in Rust."""

from __future__ import annotations

from sdk_hooks import hookimpl
from sdk_hooks.runclike import RuncLike


class Youki(RuncLike):
    name = "youki"
    summary = "OCI runtime in Rust"


@hookimpl
def sdk_runtimes() -> list[Youki]:
    return [Youki()]
