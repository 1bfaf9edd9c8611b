"""Where the machines of hypervisors are kept."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from sdk_hooks.core.layers import cache_directory
from sdk_hooks.families import Machine
from sdk_hooks.target import Platform

_HERE = {"x86_64": Platform("amd64"), "aarch64": Platform("arm64", "v8")}


def machine(hypervisor: str) -> Machine:
    """The machine that *hypervisor* keeps for this user."""
    here = _HERE.get(platform.machine(), Platform(platform.machine()))
    directory = Path(os.environ.get("DEVTOOL_CONTAINERS_MACHINES") or cache_directory() / "machines")
    return Machine(hypervisor, directory / hypervisor, here)
