# A connection that is cut may bring a script long after its sender has given up, and after somebody has asked for
# something else. Each notes when it was sent, and one that was sent before that changes nothing.
#
# shellcheck disable=SC2154  # the caller and turn.sh set them
# Needs turn.sh before it, and the turn. Set by the caller: sent, in seconds of this machine's uptime; empty: now.

# late APP: whether it was overtaken. A second more or less is how long an answer takes to get back.
late() {
	[ -n "$sent" ] && { read -r newest at <"$1/.sent"; } 2>/dev/null && [ "$at" = "$boot" ] &&
		[ $((sent + 1)) -lt "$newest" ] 2>/dev/null
}

note() {
	now=
	read -r now _ 2>/dev/null </proc/uptime
	{ echo "${sent:-${now%.*}} $boot" >"$1/.sent"; } 2>/dev/null
}
