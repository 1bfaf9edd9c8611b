"""A sysfs of a machine with hardware, as far as the scripts of device plugins look at it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from sdk_hooks import DeviceKind
from sdk_hooks.core.deploy import matching

SHELLS = (("dash",), ("busybox", "sh"))
USB = "pci0000:00/0000:00:14.0/usb1"
_OURS = ("/sys/", "/run/udev/", '"/dev/')


class Sysfs:
    """Directories below *top*, in which devices are added; a plugin's script is run with these."""

    def __init__(self, top: Path) -> None:
        self.top = top

    def write(self, path: str, text: str) -> None:
        file = self.top / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")

    def link(self, path: str, target: str) -> None:
        """*path* becomes a relative link to *target*, as all are in sysfs."""
        link = self.top / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(self.top / target, link.parent))

    def hardware(self, path: str, **files: str) -> None:
        """A directory of /sys/devices with *files*."""
        (self.top / "sys/devices" / path).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            self.write(f"sys/devices/{path}/{name}", text)

    def member(self, path: str, group: str, node: str, number: str = "1:1", **files: str) -> None:
        """A device with *node* at /sys/devices/*path*, which is a member of *group*, such as class/tty."""
        name = os.path.basename(path)
        self.hardware(path, uevent=f"DEVNAME={node}", dev=number, **files)
        kind, _, subsystem = group.partition("/")
        directory = f"sys/bus/{subsystem}/devices" if kind == "bus" else f"sys/class/{subsystem}"
        self.link(f"{directory}/{name}", f"sys/devices/{path}")
        self.link(f"sys/devices/{path}/subsystem", os.path.dirname(f"{directory}/x").removesuffix("/devices"))
        self.link(f"sys/dev/{'block' if subsystem == 'block' else 'char'}/{number}", f"sys/devices/{path}")
        if kind == "class" and not path.startswith("virtual/"):
            parent = os.path.dirname(os.path.dirname(path))
            self.link(f"sys/devices/{path}/device", f"sys/devices/{parent}")

    def usb_serial(self, port: str, name: str, number: str, **properties: str) -> None:
        """A USB adapter with a serial port."""
        self.hardware(f"{USB}/{port}", uevent="PRODUCT=403/6001/600", **properties)
        self.hardware(f"{USB}/{port}/{port}:1.0/{name}", uevent="DRIVER=ftdi_sio")
        self.member(f"{USB}/{port}/{port}:1.0/{name}/tty/{name}", "class/tty", name, number)

    def find(self, kind: DeviceKind, *words: str) -> list[str]:
        """The lines that the script of *kind* prints; the same under every shell."""
        text = matching.library() + f"find() {{\n{kind.find()}}}\n" + 'find "$@"\n'
        for path in _OURS:
            quote, plain = path[: path[0] == '"'], path.lstrip('"')
            text = text.replace(path, f"{quote}{self.top}{plain}")
        said = [
            subprocess.run((*shell, "-c", text, "sh", *words), capture_output=True, text=True, check=False)
            for shell in SHELLS
        ]
        assert len({done.stdout for done in said}) == 1, said
        return said[0].stdout.replace(str(self.top), "").splitlines()

    def found(self, kind: DeviceKind, *words: str) -> list[str]:
        """The nodes that it finds, each with the last part of its hardware's name."""
        lines = [line.split() for line in self.find(kind, *words) if line.startswith("found ")]
        return [f"{os.path.basename(hardware)} {node}" for _, hardware, node in lines]
