"""PCI devices: through VFIO when bound to vfio-pci, else the nodes that their driver has made."""

from __future__ import annotations

from sdk_hooks import Script, hookimpl

_FIND = """labels=
for function in /sys/bus/pci/devices/*; do
	[ -e "$function" ] || continue
	address=${function##*/}
	vendor=$(says "$function/vendor") model=$(says "$function/device")
	driver=$(real "$function/driver") driver=${driver##*/}
	id=${vendor#0x}:${model#0x}
	echo "near $address ($id, ${driver:-no driver})"
	case $1 in "$address" | "${address#0000:}" | "$id") ;; *) continue ;; esac
	if [ "$driver" = vfio-pci ]; then
		group=$(real "$function/iommu_group") group=${group##*/}
		[ ! -e "/dev/vfio/noiommu-$group" ] || group=noiommu-$group
		echo "found $address /dev/vfio/vfio"
		echo "found $address /dev/vfio/$group"
		continue
	fi
	made=$(below "$(real "$function")")
	for node in $made; do echo "found $address $node"; done
	[ -z "$made" ] || continue
	echo "problem $address is bound to ${driver:-no driver}, which has made no device node"
	bus=/sys/bus/pci how="modprobe vfio-pci; echo vfio-pci >$bus/devices/$address/driver_override;"
	[ -z "$driver" ] || how="$how echo $address >$bus/drivers/$driver/unbind;"
	echo "hint bind it to VFIO there: $how echo $address >$bus/drivers_probe"
done
"""


class Pci:
    name = "pci"
    summary = "a PCI device: its VFIO group when bound to vfio-pci, else the nodes that its driver has made"
    values = "an address such as 0000:03:00.0, or vendor:device in lower-case hexadecimal"
    pattern = r"([0-9a-f]{4,}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]|[0-9a-f]{4}:[0-9a-f]{4}"
    pairs = False

    def find(self) -> Script:
        return _FIND


@hookimpl
def sdk_devices() -> list[Pci]:
    return [Pci()]
