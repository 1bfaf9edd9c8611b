"""Finds out whether KVM works: that /dev/kvm can be opened proves little where machines are virtual."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from sdk_hooks import vm

SECONDS = 8
"""In which a guest under KVM must have printed something: it takes less than one, or for ever."""


class Answers:
    """What was found out before, by kernel and version of QEMU."""

    def __init__(self, program: str) -> None:
        self.path = vm.cache_directory() / "qemu" / "kvm.json"
        self.program = program

    def may_work(self) -> bool:
        """Whether to try KVM."""
        return openable() and self._known().get(self._key(), True)

    def remember(self, works: bool) -> None:
        known = {**self._known(), self._key(): works}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name("kvm.json.new")
        fresh.write_text(json.dumps(known, indent=2) + "\n")
        fresh.replace(self.path)

    def _known(self) -> dict[str, bool]:
        try:
            known: dict[str, bool] = json.loads(self.path.read_text())
            return known
        except (OSError, ValueError):
            return {}

    def _key(self) -> str:
        done = subprocess.run((self.program, "--version"), stdout=subprocess.PIPE, check=False)
        return f"Linux {os.uname().release}, {done.stdout.decode(errors='replace').splitlines()[:1]}"


def openable(device: Path = Path("/dev/kvm")) -> bool:
    try:
        os.close(os.open(device, os.O_RDWR | os.O_CLOEXEC))
    except OSError:
        return False
    return True
