# shellcheck shell=sh disable=SC2154  # $work is of who sources it
# What the demos share: commands that are shown as they run. Expects $work, a directory.

# Milliseconds on some clock.
now() { echo $(($(date +%s%N) / 1000000)); }
took() { printf '(%d.%d s)\n' $((($(now) - $1) / 1000)) $((($(now) - $1) / 100 % 10)); }

# Prints a command, runs it, and says how long it took; its output also goes to $work/log.
run() {
	printf '\n$'
	for word; do
		case $word in
		*[!A-Za-z0-9_./:=-]*) printf " '%s'" "$word" ;;
		*) printf ' %s' "$word" ;;
		esac
	done
	echo
	began=$(now)
	{ "$@" && : >"$work/done"; } 2>&1 | tee "$work/log"
	took "$began"
	[ -f "$work/done" ] || exit 1
	rm "$work/done"
}
