"""Serial ports, by name, by a USB adapter's product or serial number, or by where it is plugged in."""

from __future__ import annotations

from sdk_hooks import hookimpl
from sdk_hooks.sysfs import SysfsMembers


class Tty(SysfsMembers):
    name = "tty"
    summary = "a serial port"
    values = "a name such as ttyS0, a USB adapter's product, serial number or vendor:product, or its USB port"
    directories = ("/sys/class/tty",)


@hookimpl
def sdk_devices() -> list[Tty]:
    return [Tty()]
