# Stops the container and its supervisor, and takes the root file system apart. Nothing to do is no failure.
cd "@DIR@" || exit 0
: >stopping
alive() {
	[ -f supervisor ] || return 1
	read -r pid at <supervisor
	read -r boot </proc/sys/kernel/random/boot_id
	[ "$at" = "$boot" ] && kill -0 "$pid" 2>/dev/null
}
running() {
	case "$(@QUERY@ 2>/dev/null)" in *'"status": "running"'*) return 0 ;; esac
	return 1
}
if running; then
	@TERM@
	n=0
	while running && [ $n -lt @SECONDS@ ]; do
		sleep 1
		n=$((n + 1))
	done
	running && @KILL@
fi
n=0
while alive && [ $n -lt 2 ]; do
	sleep 1
	n=$((n + 1))
done
alive && kill "$pid"
@DELETE@ >/dev/null 2>&1
umount bundle/rootfs 2>/dev/null
rm -rf bundle upper work supervisor stopping
exit 0
