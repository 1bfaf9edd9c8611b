"""I2C buses, by number or by what the adapter is called: numbers change with the kernel."""

from __future__ import annotations

from sdk_hooks import hookimpl
from sdk_hooks.sysfs import SysfsMembers


class I2c(SysfsMembers):
    name = "i2c"
    summary = "an I2C bus"
    values = "its number, or the name of its adapter"
    directories = ("/sys/class/i2c-dev",)
    prefix = "i2c-"
    labels = ("name",)


@hookimpl
def sdk_devices() -> list[I2c]:
    return [I2c()]
