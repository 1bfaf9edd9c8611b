# shellcheck disable=SC2154  # what comes before sets them
# What a machine has of what a node of a cluster needs, a line each: KEY VALUE. Runs after state.sh. Changes
# nothing. Set by the caller, words apart by blanks: modules, paths, programs, directories, processes, services,
# sysctls (below /proc/sys), filesystems; tcp and udp (ports in hexadecimal); and as alternatives of
# a pattern: option_pattern, module_pattern, port_pattern.
release=$(uname -r)
echo "machine $(uname -m)"
echo "kernel $release"
echo "clock $(date -u +%s)"
echo "uid $uid"

unpacked() {
	case $1 in
	*.gz) gzip -dc <"$1" 2>/dev/null || zcat "$1" ;;
	*) cat "$1" ;;
	esac 2>/dev/null
}
configured() {
	for f in /proc/config.gz "/boot/config-$release" "/lib/modules/$release/config" \
		"/usr/lib/kernel/config-$release" "/lib/modules/$release/build/.config"; do
		[ -r "$f" ] || continue
		found=$(unpacked "$f" | grep -E "^CONFIG_($option_pattern)=")
		[ -n "$found" ] || continue
		echo "config $f"
		echo "$found" | while read -r each; do echo "option ${each#CONFIG_}"; done
		return 0
	done
	return 1
}
if ! configured && [ "$uid" = 0 ] && [ ! -d /sys/module/configs ] && modprobe configs 2>/dev/null; then
	configured
	modprobe -r configs 2>/dev/null
fi

for m in $modules; do
	[ -d "/sys/module/$m" ] && echo "loaded $m"
done
tree=/lib/modules/$release
modules_in() { # those that the list $2 has, called $1
	grep -oE "^[^:]*/($module_pattern)\.ko" "$tree/$2" 2>/dev/null | while read -r m; do
		m=${m##*/}
		echo "$1 ${m%.ko}"
	done
}
modules_in installed modules.dep
modules_in builtin modules.builtin
while read -r a b; do
	for f in $filesystems; do
		case "$a $b" in "$f " | *" $f") echo "filesystem $f" ;; esac
	done
done </proc/filesystems
for p in $paths; do
	[ -e "$p" ] && echo "path $p"
done

if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
	echo cgroup 2
	echo "controllers $(cat /sys/fs/cgroup/cgroup.controllers)"
elif [ -d /sys/fs/cgroup/memory ] || [ -d /sys/fs/cgroup/cpu ] || [ -d /sys/fs/cgroup/systemd ]; then
	echo cgroup 1
	[ -f /sys/fs/cgroup/unified/cgroup.controllers ] &&
		echo "hybrid $(cat /sys/fs/cgroup/unified/cgroup.controllers)"
fi
[ -r /proc/cgroups ] && while read -r n h _ e; do
	[ "$n" = "#subsys_name" ] || echo "controller $n $h $e"
done </proc/cgroups
for w in $(cat /proc/cmdline); do
	case $w in cgroup_* | systemd.unified_cgroup* | systemd.legacy*) echo "boot $w" ;; esac
done

[ -r /proc/swaps ] && while read -r f _ n _; do
	[ "$f" = Filename ] || echo "swap $n $f"
done </proc/swaps
while read -r k n _; do [ "$k" != MemTotal: ] || echo "memory $n"; done </proc/meminfo
n=0
while read -r k _; do
	case $k in cpu[0-9]*) n=$((n + 1)) ;; esac
done </proc/stat
echo "cpus $n"
if [ -d /run/systemd/system ]; then
	echo init systemd
elif [ -d /etc/rc5.d ] || [ -d /etc/rc.d/rc5.d ]; then
	echo init sysvinit
elif [ -x /etc/init.d/rcS ]; then
	echo init busybox
fi
for s in $sysctls; do
	v=$(cat "/proc/sys/$s" 2>/dev/null) && echo "sysctl $s $v"
done
for p in $programs; do
	command -v "$p" >/dev/null 2>&1 && echo "program $p"
done
v=$(iptables --version 2>/dev/null </dev/null) && echo "iptables $v"

for f in /proc/[0-9]*/comm; do
	c=
	read -r c 2>/dev/null <"$f"
	[ -n "$c" ] || continue
	for p in $processes; do [ "$c" != "$p" ] || echo "running $c"; done
	for p in $services; do [ "$c" != "$p" ] || echo "service $c"; done
done

sockets=
listening() { # of the protocol $1 in the state $2
	for f in "/proc/net/$1" "/proc/net/${1}6"; do
		[ -r "$f" ] && grep -E ":($port_pattern) [0-9A-F]+:0000 $2 " "$f" 2>/dev/null | while read -r _ here _ _ _ _ _ _ _ inode _; do
			echo "$1 ${here##*:} $inode"
		done
	done
}
for each in $(listening tcp 0A | tr ' ' :) $(listening udp 07 | tr ' ' :); do
	port=${each%:*}
	case $each in
	tcp:*) case " $tcp " in *" ${port#*:} "*) ;; *) continue ;; esac ;;
	udp:*) case " $udp " in *" ${port#*:} "*) ;; *) continue ;; esac ;;
	esac
	echo "listen $(echo "$each" | tr : ' ')"
	sockets="$sockets|${each##*:}"
done
if [ -n "$sockets" ]; then # whose they are; of an ordinary user's only the own ones can be seen
	# shellcheck disable=SC2010,SC2012  # names of open files are the links that ls shows
	ls -l /proc/[0-9]*/fd 2>/dev/null | grep -E "^/proc/|socket:\[(${sockets#|})\]" | while read -r line; do
		case $line in
		/proc/*)
			pid=${line#/proc/}
			pid=${pid%%/*}
			;;
		*)
			line=${line##*socket:[}
			c=
			read -r c 2>/dev/null <"/proc/$pid/comm"
			echo "holder ${line%]} $pid $c"
			;;
		esac
	done
fi

kind() { # type and options of what is mounted at $1
	k=
	while read -r _ m t o _; do [ "$m" != "$1" ] || k="$t $o"; done </proc/mounts
	echo "$k"
}
echo "root $(kind /)"
for d in $directories; do
	near=$d
	while [ ! -d "$near" ]; do near=${near%/*}; [ -n "$near" ] || near=/; done
	df -Pk "$near" 2>/dev/null | while read -r dev total _ free _ at; do
		[ "$dev" = Filesystem ] || echo "disk $d $total $free $at $(kind "$at")"
	done
	df -Pi "$near" 2>/dev/null | while read -r dev total _ free _; do
		case $dev$free in Filesystem* | *[!0-9]) ;; *) echo "inodes $d $total $free" ;; esac
	done
done

h=
read -r h </proc/sys/kernel/hostname
echo "hostname $h"
for f in /etc/machine-id /sys/class/dmi/id/product_uuid; do
	v=$(cat "$f" 2>/dev/null) && echo "identity $f $v"
done
for i in /sys/class/net/*; do
	[ -e "$i/device" ] && echo "mac $(cat "$i/address" 2>/dev/null)"
done
nameservers() {
	[ -r "$2" ] && while read -r k v _; do [ "$k" != nameserver ] || echo "$1 $v"; done <"$2"
}
nameservers nameserver /etc/resolv.conf
nameservers upstream /run/systemd/resolve/resolv.conf
[ -r /proc/net/route ] && while read -r i to _ _ _ _ _ mask _; do
	[ "$i" = Iface ] || echo "route $i $to $mask"
done </proc/net/route
[ -r /proc/net/ipv6_route ] && while read -r to len _ _ _ _ _ _ _ i; do
	[ "$to$len" != 0000000000000000000000000000000000 ] || [ "$i" = lo ] || echo "route6 $i"
done </proc/net/ipv6_route
v=$(cat /sys/kernel/security/lsm 2>/dev/null) && echo "lsm $v"
v=$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null) && echo "apparmor $v"
v=$(cat /sys/fs/selinux/enforce 2>/dev/null) && echo "selinux $v"
