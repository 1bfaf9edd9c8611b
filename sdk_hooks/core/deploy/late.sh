# A connection that is cut may bring a script long after its sender has given up, and after somebody has asked for
# something else. Each notes when it was sent, and one that was sent before that changes nothing.
#
# shellcheck disable=SC2154  # the caller and turn.sh set them
# Set by the caller: sent, in seconds of this machine's uptime; empty: now.
read -r boot 2>/dev/null </proc/sys/kernel/random/boot_id

# Where removals note it, which leave nothing else: it goes with the boot, or with an ordinary user's last login.
removals=/run
[ "$(id -u 2>/dev/null || echo 0)" = 0 ] || removals=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}
removals=$removals/devtool-containers.sent

# late FILE: whether it was overtaken. A second is how much two senders may differ in what they think it is here.
late() {
	[ -n "$sent" ] && { read -r newest at <"$1"; } 2>/dev/null && [ "$at" = "$boot" ] &&
		[ $((sent + 1)) -lt "$newest" ] 2>/dev/null
}

note() {
	now=
	read -r now _ 2>/dev/null </proc/uptime
	now=${now%.*}
	# who asked before a reboot thinks of another time, which is not to come for a long while
	[ -n "$sent" ] && [ "$sent" -le "${now:-$sent}" ] || sent=$now
	if { read -r newest at <"$1"; } 2>/dev/null && [ "$at" = "$boot" ] && [ "$newest" -ge "$sent" ] 2>/dev/null; then
		return
	fi
	{ echo "$sent $boot" >"$1"; } 2>/dev/null
}
