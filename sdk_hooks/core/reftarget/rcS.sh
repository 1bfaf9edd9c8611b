#!/bin/sh
# Starts the reference target. Whoever started the machine reads the lines of `say` on its console.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
say() {
	read -r up _ </proc/uptime
	echo "target: $up $*"
}
mount -t proc proc /proc
say started
mount -t sysfs sysfs /sys
mount -t devtmpfs -o mode=0755 dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs -o mode=1777 tmp /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ln -sf /proc/self/fd /dev/fd
while read -r module; do
	insmod "/lib/modules/$(uname -r)/$module" || say "no module $module"
done </etc/modules
hostname -F /etc/hostname
ip link set lo up
ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up && ip route add default via 10.0.2.2

# A disk that can't be mounted may hold somebody's data: only one that is blank is ever formatted.
blank() { [ -z "$(head -c 1048576 /dev/vda | tr -d '\0')" ]; }
if [ -b /dev/vda ]; then
	mkdir -p /data
	blank && mke2fs -L data /dev/vda >/dev/null
	if mount -t ext4 /dev/vda /data; then
		mkdir -p /data/state /data/init.d
		cp /etc/init.d/rcS /data/init.d/rcS # by it deployments know what kind of init this is
		mount -o bind /data/state /var/lib/devtool-containers
		mount -o bind /data/init.d /etc/init.d
	else
		say "the data disk can't be mounted"
	fi
fi
dropbear -s -r /etc/dropbear/hostkey -P /run/dropbear.pid -K 30
for script in /etc/init.d/S??*; do
	[ -x "$script" ] && "$script" start
done
say ready
