#!/bin/busybox sh
# Starts a guest whose init is busybox's. Whoever started the machine reads the lines of `say` on its console.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
[ -e /bin/vi ] || /bin/busybox --install -s 2>/dev/null # the first time
say() {
	read -r up _ </proc/uptime
	echo "target: $up $*"
}
mount -t proc proc /proc
mount -t sysfs sysfs /sys
grep -q " /dev devtmpfs" /proc/mounts || mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs -o mode=1777 tmp /tmp
case " $(cat /proc/cmdline) " in
*" cgroup1 "*)
	mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
	while read -r controller _ _ enabled; do
		case $controller in '#'*) continue ;; esac
		[ "$enabled" = 1 ] || continue
		mkdir "/sys/fs/cgroup/$controller"
		mount -t cgroup -o "$controller" "$controller" "/sys/fs/cgroup/$controller"
	done </proc/cgroups
	;;
*) mount -t cgroup2 cgroup2 /sys/fs/cgroup ;;
esac
ln -sf /proc/self/fd /dev/fd
hostname -F /etc/hostname
chmod 666 /dev/fuse /dev/net/tun 2>/dev/null
ip link set lo up
ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up && ip route add default via 10.0.2.2
dropbear -s -r /etc/dropbear/hostkey -P /run/dropbear.pid -K 30
for script in /etc/init.d/S??*; do
	[ -x "$script" ] && "$script" start
done
say ready
