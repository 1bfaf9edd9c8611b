# Stops the container and its supervisor, and takes the root file system apart. Nothing to do is no failure.
# shellcheck disable=SC1091,SC2154  # vars is made for each deployment
cd "${0%/*}" && . ./vars || exit 0
[ -d bundle ] || exit 0
: >stopping
# Not every sleep knows fractions of a second.
if sleep 0.1 2>/dev/null; then nap=0.2 per=5; else nap=1 per=1; fi

alive() {
	[ -f supervisor ] || return 1
	read -r pid at <supervisor
	read -r boot </proc/sys/kernel/random/boot_id
	[ "$at" = "$boot" ] && kill -0 "$pid" 2>/dev/null
}
# Waits for the supervisor, which ends with the container: asking the runtime takes much longer.
gone() {
	n=0
	while alive; do
		[ $n -lt $(($1 * per)) ] || return 1
		sleep $nap
		n=$((n + 1))
	done
}
if alive; then
	stop || kill "$pid" # it fails between two runs of a container that crashes
	gone "$seconds" || { stop_now; gone 5; } || kill "$pid"
fi
if [ -f supervisor ]; then # it did not end by itself: something may be left
	delete >/dev/null 2>&1
fi
disconnect
umount bundle/rootfs 2>/dev/null
rm -rf bundle upper work supervisor stopping waits 2>/dev/null || {
	chmod -R u+rwx bundle # directories that their owner may not write, and no root to do it
	rm -rf bundle upper work supervisor stopping waits
}
exit 0
