# Stops the container and its supervisor, and takes the root file system apart. Nothing to do is no failure.
# shellcheck disable=SC1091,SC2154  # vars is made for each deployment
cd "${0%/*}" && . ./vars || exit 0
: >stopping
alive() {
	[ -f supervisor ] || return 1
	read -r pid at <supervisor
	read -r boot </proc/sys/kernel/random/boot_id
	[ "$at" = "$boot" ] && kill -0 "$pid" 2>/dev/null
}
if running; then
	stop
	n=0
	while running && [ $n -lt "$seconds" ]; do
		sleep 1
		n=$((n + 1))
	done
	running && stop_now
fi
n=0
while alive && [ $n -lt 2 ]; do
	sleep 1
	n=$((n + 1))
done
alive && kill "$pid"
delete >/dev/null 2>&1
umount bundle/rootfs 2>/dev/null
rm -rf bundle upper work supervisor stopping
exit 0
