"""Any device, by properties as udev rules have them; without udev, by what the kernel says itself."""

from __future__ import annotations

from sdk_hooks import Script, hookimpl

# The kernel's own properties are those of the device and of all that it hangs on. A USB device's numbers are
# given under udev's names, so that one container.yaml does for a target with udev and for one without.
_FIND = r"""subsystem=
for word; do case $word in SUBSYSTEM=*) subsystem=${word#*=} ;; esac; done
if [ -n "$subsystem" ]; then
	set -- /sys/class/$subsystem/* /sys/bus/$subsystem/devices/* -- "$@"
else
	set -- /sys/dev/char/* /sys/dev/block/* -- "$@"
fi
devices=
while [ "$1" != -- ]; do
	devices="$devices$1$nl"
	shift
done
shift
properties() {
	while IFS= read -r line; do
		case $line in
		[A-Z]:*=*) case $line in E:*) all="$all${line#E:}$nl" ;; esac ;;
		*=*) all="$all$line$nl" ;;
		esac
	done <"$1"
}
usb() {
	for pair in ID_VENDOR_ID=idVendor ID_MODEL_ID=idProduct ID_SERIAL_SHORT=serial; do
		! says "$1/${pair#*=}" >/dev/null || all="$all${pair%%=*}=$said$nl"
	done
}
has() {
	rest=$nl$all
	while :; do
		case $rest in *"$nl${1%%=*}="*) ;; *) return 1 ;; esac
		rest=${rest#*"$nl${1%%=*}="}
		value=${rest%%"$nl"*} rest=$nl${rest#*"$nl"}
		! fits "$value" "${1#*=}" || return 0
	done
}
while [ -n "$devices" ]; do
	device=${devices%%"$nl"*} devices=${devices#*"$nl"}
	node_of "$device" || continue
	here=$node path=$(real "$device") all=
	class=$(real "$path/subsystem") class=${class##*/}
	all="SUBSYSTEM=$class$nl"
	properties "$path/uevent"
	read -r number <"$path/dev"
	case $class in block) kind=b ;; *) kind=c ;; esac
	database=/run/udev/data/$kind$number
	[ ! -r "$database" ] || properties "$database"
	up=$path
	while up=${up%/*} && [ -n "${up#/sys/devices}" ] && [ -n "$up" ]; do
		[ ! -r "$up/uevent" ] || properties "$up/uevent"
		[ ! -f "$up/idVendor" ] || usb "$up"
	done
	found=yes close='' seen=''
	for word; do
		if ! has "$word"; then
			found=''
		elif [ $# = 1 ] || [ "${word%%=*}" != SUBSYSTEM ]; then
			close=yes
		fi
		! has "${word%%=*}=*" || seen="$seen, ${word%%=*}=$value"
	done
	[ -z "$close" ] || echo "near $here (${seen#, })"
	case $path in
	*/virtual/*) hardware=$path ;;
	*) hardware=${path%%/"$class"/*} ;;
	esac
	[ -z "$found" ] || echo "found $hardware $here"
done
"""


class Udev:
    name = "udev"
    summary = "a device by all of these properties, as udev or the kernel's uevent has them"
    values = "properties such as {SUBSYSTEM: tty, ID_VENDOR_ID: '0403'}; * stands for any text"
    pattern = r"[A-Za-z0-9_]+=.*"
    pairs = True

    def find(self) -> Script:
        return _FIND


@hookimpl
def sdk_devices() -> list[Udev]:
    return [Udev()]
