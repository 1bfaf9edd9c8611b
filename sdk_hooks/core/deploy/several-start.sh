# shellcheck disable=SC2154  # what comes before sets them
# Starts the parts in their order; where one does not come up, those that were started are left to `stop`.
sh ./stop

launch() {
	sh "./$1/start" || {
		echo "$1 does not start" >&2
		exit 1
	}
}
# Waits until PART is healthy, or has completed, at most SECONDS.
await() {
	left=$3
	while [ "$left" -gt 0 ]; do
		now=$(sh "./$1/state")
		case $2-$now in
		healthy-running*) [ -f "$1/health" ] && sh "./$1/health" >/dev/null 2>&1 && return ;;
		completed-'stopped 0') return ;;
		*-stopped*) [ -f "$1/restarts" ] || break ;;
		esac
		left=$((left - 1))
		sleep 1
	done
	echo "$1 is not $2: $now" >&2
	exit 1
}
