# Runs a command for at most SECONDS. Not every target has `timeout`, and its options differ.
within() {
	seconds=$1
	shift
	"$@" </dev/null &
	job=$!
	(
		trap 'kill $nap 2>/dev/null; exit' TERM
		sleep "$seconds" &
		nap=$!
		wait $nap
		kill $job
	) >/dev/null 2>&1 &
	watch=$!
	wait $job
	result=$?
	kill $watch 2>/dev/null
	return $result
}

# Whether something listens on PORT: all that can be told without an HTTP client.
listens() {
	hex=$(printf %04X "$1")
	for f in /proc/net/tcp /proc/net/tcp6; do
		[ -r $f ] && while read -r _ here _ st _; do
			[ "$st" = 0A ] && [ "${here##*:}" = "$hex" ] && return 0
		done <$f
	done
	echo "nothing listens on port $1"
	return 1
}

http() {
	url=http://$2:$3$4
	if command -v curl >/dev/null 2>&1; then
		curl -fsS -o /dev/null -m "$1" "$url"
	elif command -v wget >/dev/null 2>&1; then
		within "$1" wget -q -O /dev/null "$url" # busybox's crashes with -T where libc is static
	else
		listens "$3"
	fi
}

