# shellcheck disable=SC2034,SC2154  # what comes before and after sets and uses them
# Facts of a target, a line each: KEY VALUE. Runs after state.sh. Set by the caller: name, wanted
# (programs), devices (paths that may be there).
echo "machine $(uname -m)"
echo "kernel $(uname -r)"
echo "uid $uid"
read -r u _ 2>/dev/null </proc/uptime && echo "uptime $u"
echo "state $STATE"

if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
	echo cgroup 2
elif [ -d /sys/fs/cgroup/memory ] || [ -d /sys/fs/cgroup/cpu ] || [ -d /sys/fs/cgroup/systemd ]; then
	echo cgroup 1
	c=
	read -r c 2>/dev/null </sys/fs/cgroup/unified/cgroup.controllers
	[ -z "$c" ] || echo "hybrid $c"
fi
if [ -d /run/systemd/system ]; then
	echo init systemd
elif [ -d /etc/rc5.d ] || [ -d /etc/rc.d/rc5.d ]; then
	echo init sysvinit
elif [ -x /etc/init.d/rcS ]; then
	echo init busybox
fi
while read -r a _; do [ "$a" != Seccomp: ] || echo seccomp 1; done 2>/dev/null </proc/self/status
for p in $wanted; do
	command -v "$p" >/dev/null 2>&1 && echo "program $p"
done
for d in $devices; do
	[ -e "$d" ] && echo "device $d"
done

if [ "$uid" != 0 ]; then
	echo "gid $(id -g)"
	# not by `read`: some shells ask for one byte after the other, of which the kernel gives the first one only
	n=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null) && echo "low $n"
	[ -e /proc/self/ns/user ] || echo "confined the kernel has no user namespaces (CONFIG_USER_NS)"
	for s in user.max_user_namespaces kernel.unprivileged_userns_clone; do
		n=
		read -r n 2>/dev/null <"/proc/sys/${s%%.*}/${s#*.}"
		[ "$n" != 0 ] || echo "confined sysctl $s is 0"
	done
fi

for d in /opt/cni/bin /usr/lib/cni /usr/libexec/cni; do
	# shellcheck disable=SC2046  # one line
	[ -x $d/loopback ] && echo cni $d $(ls $d)
done
near=$STATE
while [ ! -d "$near" ]; do near=${near%/*}; [ -n "$near" ] || near=/; done
ro=
while read -r _ d _ o _; do # the last one that it is below counts; for root some shells say that all can be written
	case $near/ in "${d%/}"/*) case $o in ro | ro,*) ro=$d ;; *) ro= ;; esac ;; esac
done </proc/mounts
[ -z "$ro" ] && [ -w "$near" ] || echo "unwritable $near"
df -Pk "$near" 2>/dev/null | while read -r _ _ _ free _; do
	case $free in *[!0-9]* | '') ;; *) echo "free $free" ;; esac
done

has_overlay() { while read -r a b; do case $a$b in *overlay) return 0 ;; esac; done </proc/filesystems; return 1; }
has_overlay || modprobe overlay 2>/dev/null
has_overlay && echo overlay 1

for f in /proc/net/tcp /proc/net/tcp6; do
	[ -r $f ] && while read -r _ here _ st _; do
		[ "$st" = 0A ] && echo "listen ${here##*:}"
	done <$f
done

app=$STATE/apps/$name
for f in "$app"/*/stack; do [ -f "$f" ] && echo "ours $(cat "$f")"; done
for f in "$STATE"/apps/*/current; do # other applications: their containers, and ports that need not be seen listening
	[ -f "$f" ] && [ "$f" != "$app/current" ] || continue
	read -r id <"$f"
	a=${f%/*}
	echo "theirs ${a##*/}"
	for p in $(cat "$a/$id/parts" 2>/dev/null); do echo "theirs ${a##*/}-$p"; done
	for p in $(cat "$a/$id/ports" 2>/dev/null); do printf 'listen %X\n' "$p"; done
done
for t in "$app"/.turn-*; do # one of these is being stopped, another one started
	[ ! -d "$t" ] || { echo "busy $(cat "$app"/*/ports)"; break; }
done
if [ -f "$app/current" ]; then
	read -r id <"$app/current"
	echo "current $id"
	[ -f "$app/$id/state" ] && echo "now $(sh "$app/$id/state" 2>/dev/null)"
	[ -f "$app/$id/ports" ] && echo "ports $(cat "$app/$id/ports")"
	[ -f "$app/$id/stack" ] && echo "stack $(cat "$app/$id/stack")"
fi
[ -f "$app/previous" ] && { read -r id <"$app/previous"; echo "previous $id"; }

# Goes before a command that hangs when its daemon does. Old busybox has another timeout, or none.
limit=
timeout 1 true 2>/dev/null && limit='timeout 10'

quiet() { "$@" </dev/null >/dev/null 2>&1; }
# Whether what a runtime says of itself names the library of system call filters, or their actions.
filters() { case "$("$@" 2>&1 </dev/null)" in *SECCOMP* | *libseccomp* | *SCMP_*) ;; *) return 1 ;; esac }

# Asks one stack: what it says, then its exit status.
ask() {
	echo "@stack $1"
	out=$(inventory 2>&1 </dev/null)
	status=$?
	echo "$out"
	echo "@exit $status"
}
