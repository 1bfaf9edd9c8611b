# shellcheck disable=SC2034,SC2154  # what comes before sets them
# Connects a network namespace to the networks of a container: network up|down. Set by the caller: name (of the
# container), namespace (path), path (of the plugins), chains (for each network how many plugins), bridges, leases
# (directory of the addresses of all networks), networks (names of its directories), moved (its addresses to which
# ports of the target are moved).
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
	allow -D
	umount "$namespace" 2>/dev/null
	rm -f "$namespace"
	# no plugin removes the bridge that it has made
	for bridge in $bridges; do
		set -- /sys/class/net/"$bridge"/brif/*
		[ -e "$1" ] || ip link del "$bridge" 2>/dev/null
	done
}
# Nor what all its containers share: where namespaces are, where addresses are noted, and chains in which no port and
# no address is left.
tidy() {
	for network in $networks; do
		set -- "$leases/$network"/[0-9a-f]*
		[ -e "$1" ] || rm -rf "${leases:?}/$network"
	done
	rmdir "$leases" "${leases%/*}" "${namespace%/*}" 2>/dev/null
	[ ! -d "$leases" ] || return 0
	for tool in iptables ip6tables; do
		command -v $tool >/dev/null || continue
		all=$($tool -w -t nat -S 2>/dev/null)
		printf '%s\n' "$all" | grep -q '^-A CNI-HOSTPORT-DNAT' || drop nat 'CNI-HOSTPORT-[A-Z]*'
		all=$($tool -w -t filter -S 2>/dev/null)
		printf '%s\n' "$all" | grep -v -e '-j CNI-ADMIN$' | grep -q -e '^-A CNI-FORWARD' -e '^-A CNI-ADMIN' ||
			drop filter 'CNI-[FA][A-Z]*'
	done
}
# drop TABLE PATTERN: all chains that match, and what leads to them. xargs understands the quotes of what is listed.
drop() {
	for how in 's/^-A \(.* -j @\)$/-D \1/p' 's/^-N \(@\)$/-F \1/p' 's/^-N \(@\)$/-X \1/p'; do
		printf '%s\n' "$all" | sed -n "${how%@*}$2${how#*@}" | while IFS= read -r rule; do
			printf '%s\n' "$rule" | xargs "$tool" -w -t "$1" 2>/dev/null
		done
	done
}
# allow -A|-D: what comes in at a port of the target. The firewall plugin allows what goes out, and answers to it;
# where the target forwards only what is allowed, nobody else would be answered. What its admin says comes first.
allow() {
	for address in $moved; do
		case $address in *:*) tool=ip6tables ;; *) tool=iptables ;; esac
		$tool -w "$1" CNI-ADMIN -d "$address" -m conntrack --ctstate DNAT -j ACCEPT 2>/dev/null
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
place() { (umask 022 && mkdir -p "${namespace%/*}" && : >"$namespace") 2>/dev/null; }
up() {
	down
	place || place || return # the last one of another application may take the empty directory away meanwhile
	# shellcheck disable=SC2016  # the shell in the new namespace sees it
	unshare -n sh -c 'mount --bind /proc/self/ns/net "$0"' "$namespace" || return
	CNI_COMMAND=ADD CNI_CONTAINERID=$name CNI_NETNS=$namespace CNI_IFNAME=lo CNI_PATH=$path "$path/loopback" \
		<net-lo >/dev/null || return
	network=0
	for count in $chains; do
		add $network "$count" || { down; return 1; }
		network=$((network + 1))
	done
	allow -A
	true
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
down) down; tidy ;;
esac
