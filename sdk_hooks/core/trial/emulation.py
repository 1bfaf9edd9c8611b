"""Runs programs of another architecture on this machine with QEMU's user mode, where it is installed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sdk_hooks.container import Container, Volume
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Argv, Platform

BINFMT = Path("/proc/sys/fs/binfmt_misc")
_NAMES = {"amd64": "x86_64", "arm64": "aarch64", "386": "i386", "loong64": "loongarch64"}
"""What QEMU calls architectures that have another name than in the image-spec."""


@dataclass(frozen=True)
class Emulator:
    """How a foreign program is run."""

    program: str = ""
    """Has to be in the container; empty when the kernel holds it open."""
    prefix: Argv = ()
    """Goes before every command line, where the kernel starts it for nobody."""

    def around(self, container: Container) -> Container:
        """*container*, to be started by a runtime alone or by an engine."""
        volumes = container.settings.volumes
        if self.program:
            volumes = (*volumes, Volume(self.program, self.program, True))
        settings = replace(container.settings, volumes=volumes)
        return replace(container, settings=settings, config=self._config(container.config))

    def _config(self, config: Mapping[str, object]) -> Mapping[str, object]:
        if not self.prefix:
            return config
        given = config.get("Entrypoint")
        return {**config, "Entrypoint": [*self.prefix, *(given if isinstance(given, list) else [])]}


def find(platform: Platform, bare: bool, binfmt: Path = BINFMT) -> Emulator:
    """What runs programs for *platform* here.

    :param bare: Without an engine: the command line of the container can be changed.
    :raises SdkError: When there is nothing, with what to install.
    """
    name = _NAMES.get(platform.architecture, platform.architecture)
    registered = _registered(binfmt / f"qemu-{name}")
    if registered:
        return registered
    program = shutil.which(f"qemu-{name}-static")
    if program and bare:
        return Emulator(program, (program,))
    install = (
        "binfmt-support; or try it without an engine: --stack none"
        if program
        else ("qemu-user-static and binfmt-support; or test it on a target")
    )
    raise SdkError(
        f"the image is for {platform}, and nothing here runs its programs",
        detail=f"looked for: {binfmt / f'qemu-{name}'}, and without an engine qemu-{name}-static",
        hint=f"install {install}",
        code="wrong-architecture",
    )


def _registered(path: Path) -> Emulator | None:
    """The emulator that the kernel starts by itself."""
    try:
        facts = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    if "enabled" not in facts:
        return None
    said = dict(line.partition(" ")[::2] for line in facts)
    held = "F" in said.get("flags:", "")
    return Emulator("" if held else said.get("interpreter", ""))
