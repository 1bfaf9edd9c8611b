"""Where the machines of hypervisors are kept."""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path

from sdk_hooks.core.paths import cache_directory
from sdk_hooks.families import Machine
from sdk_hooks.target import Platform

_HERE = {"x86_64": Platform("amd64"), "aarch64": Platform("arm64", "v8")}


def machine(hypervisor: str, images: Path | None = None) -> Machine:
    """The machine that *hypervisor* keeps for this user, and for each of the user's SDKs.

    :param images: Where the SDK puts its images.
    """
    name = hypervisor
    if images is not None:
        name += "-" + hashlib.sha256(os.fsencode(os.path.realpath(images))).hexdigest()[:8]
    return Machine(hypervisor, _directory() / name, here(), images=images)


def kept(hypervisor: str) -> list[Machine]:
    """Every machine of *hypervisor* that has files, whichever SDK it is for; the one without SDK first."""
    top = _directory()
    found = (top / hypervisor, *sorted(top.glob(f"{hypervisor}-????????")))
    return [Machine(hypervisor, path, here()) for path in found if path.is_dir()]


def _directory() -> Path:
    return Path(os.environ.get("DEVTOOL_CONTAINERS_MACHINES") or cache_directory() / "machines").absolute()


def here() -> Platform:
    """This machine's own."""
    return _HERE.get(platform.machine(), Platform(platform.machine()))
