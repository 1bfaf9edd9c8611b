"""FPGAs, by region or manager: the nodes that the region's drivers have made, and the manager's own."""

from __future__ import annotations

from sdk_hooks import Script, hookimpl

_FIND = """labels=name
for member in /sys/class/fpga_region/* /sys/class/fpga_manager/*; do
	[ -e "$member" ] || continue
	names=$(called "$member") place=$(real "$member")
	echo "near $(listed "$names")"
	wanted=$1 prefix=''
	fits_one "$names" || continue
	made=$(
		[ ! -c "/dev/${member##*/}" ] || echo "/dev/${member##*/}"
		below "$place"
	)
	for node in $made; do echo "found $place $node"; done
	[ -n "$made" ] || echo "problem ${member##*/} has no device node: nothing that has one is loaded into it"
done
"""


class Fpga:
    name = "fpga"
    summary = "an FPGA's region or manager, with the nodes of what is loaded into it (DFL, UIO, ...)"
    values = "a name such as region0 or fpga0"
    pattern = r"\S(.*\S)?"
    pairs = False

    def find(self) -> Script:
        return _FIND


@hookimpl
def sdk_devices() -> list[Fpga]:
    return [Fpga()]
