"""Graphics processors: the nodes below /dev/dri, those for rendering with those for display."""

from __future__ import annotations

from sdk_hooks import hookimpl
from sdk_hooks.sysfs import SysfsMembers


class Gpu(SysfsMembers):
    name = "gpu"
    summary = "a graphics processor, with all of its nodes"
    values = "card0, a PCI address or vendor:device, first or all"
    directories = ("/sys/class/drm",)
    labels = ("device/drm/*",)  # who names the card means its render node too


@hookimpl
def sdk_devices() -> list[Gpu]:
    return [Gpu()]
