"""Devices on an SPI bus that have no driver in the kernel, by bus and chip select."""

from __future__ import annotations

from sdk_hooks import hookimpl
from sdk_hooks.sysfs import SysfsMembers


class Spi(SysfsMembers):
    name = "spi"
    summary = "a device on an SPI bus"
    values = "bus and chip select such as 0.0, or the name of the chip"
    directories = ("/sys/class/spidev",)
    prefix = "spidev"
    labels = ("device/modalias",)


@hookimpl
def sdk_devices() -> list[Spi]:
    return [Spi()]
