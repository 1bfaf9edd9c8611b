# shellcheck disable=SC2034,SC2154  # what comes before sets them
# Connects a network namespace to the networks of a container: network up|down. Set by the caller: name (of the
# container), namespace (path), path (of the plugins), chains (for each network how many plugins), bridges.
# A configuration net-N-M lacks its closing brace: what the plugin before gave is added.
cd "${0%/*}" || exit

# Calls one plugin: COMMAND NETWORK NUMBER RESULT-BEFORE.
call() {
	type=$(sed -n 's/^{"type": *"\([^"]*\)".*/\1/p' "net-$2-$3")
	{
		cat "net-$2-$3"
		[ -z "$4" ] || printf ',"prevResult":%s' "$4"
		echo '}'
	} | CNI_COMMAND=$1 CNI_CONTAINERID=$name CNI_NETNS=$namespace CNI_IFNAME=eth$2 CNI_PATH=$path "$path/$type"
}
down() {
	[ -e "$namespace" ] || [ -f net-0.result ] || return 0
	network=0
	for count in $chains; do
		kept=
		[ ! -f "net-$network.result" ] || kept=$(cat "net-$network.result")
		number=$count
		while [ "$number" -gt 0 ]; do
			number=$((number - 1))
			call DEL $network $number "$kept" >/dev/null 2>&1
		done
		rm -f "net-$network.result"
		network=$((network + 1))
	done
	umount "$namespace" 2>/dev/null
	rm -f "$namespace"
	# no plugin removes the bridge that it has made
	for bridge in $bridges; do
		set -- /sys/class/net/"$bridge"/brif/*
		[ -e "$1" ] || ip link del "$bridge" 2>/dev/null
	done
}
# What a plugin says when it fails is JSON with the reason in `msg`.
add() {
	before=
	number=0
	while [ $number -lt "$2" ]; do
		said=$(call ADD "$1" $number "$before") || {
			echo "$said" | tr -d '\n' | sed "s/\\\\\"/'/g"'; s/.*"msg": *"\([^"]*\)".*/\1/; s/^/network: /' >&2
			echo >&2
			return 1
		}
		[ -z "$said" ] || before=$said
		number=$((number + 1))
	done
	echo "$before" >"net-$1.result"
}
up() {
	down
	(umask 022 && mkdir -p "${namespace%/*}" && : >"$namespace") || return
	# shellcheck disable=SC2016  # the shell in the new namespace sees it
	unshare -n sh -c 'mount --bind /proc/self/ns/net "$0"' "$namespace" || return
	CNI_COMMAND=ADD CNI_CONTAINERID=$name CNI_NETNS=$namespace CNI_IFNAME=lo CNI_PATH=$path "$path/loopback" \
		<net-lo >/dev/null || return
	network=0
	for count in $chains; do
		add $network "$count" || { down; return 1; }
		network=$((network + 1))
	done
}
# The container's own files of names: its address, the other containers, the target's name servers.
names() {
	{
		echo '127.0.0.1 localhost'
		echo '::1 localhost'
		cat hosts.own
	} >hosts
	# systemd's stub answers on an address that is the target's own
	for f in /run/systemd/resolve/resolv.conf /etc/resolv.conf; do
		[ ! -f $f ] || { cat $f >resolv.conf && break; }
	done
	[ -f resolv.conf ] || : >resolv.conf
	chmod 644 hosts resolv.conf
}
case $1 in
up) up && names ;;
down) down ;;
esac
