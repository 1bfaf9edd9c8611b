"""GPIO chips, by name or by label: numbers change with the kernel and with what is plugged in."""

from __future__ import annotations

from sdk_hooks import Script, hookimpl
from sdk_hooks.sysfs import SysfsMembers

# Only the ioctl tells a label where the kernel has no CONFIG_GPIO_SYSFS: libgpiod's program asks it.
_DETECT = """command -v gpiodetect >/dev/null && gpiodetect | while read -r chip label; do
label=${label#*[}
node=/dev/$chip
! fits "${label%%]*}" "$1" || [ ! -e "$node" ] || echo "found $(real "/sys/bus/gpio/devices/$chip") $node"
done
"""


class Gpio(SysfsMembers):
    name = "gpio"
    summary = "a GPIO chip"
    values = "its label, the name of its device, gpiochip0 or 0"
    directories = ("/sys/bus/gpio/devices",)
    prefix = "gpiochip"
    labels = ("../gpio/*/label",)

    def find(self) -> Script:
        return super().find() + _DETECT


@hookimpl
def sdk_devices() -> list[Gpio]:
    return [Gpio()]
