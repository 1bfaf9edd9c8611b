# Ends the container $name, by $signal or after $seconds by force, and removes it.
# shellcheck disable=SC2154  # what comes before sets them
how() {
	ctr tasks ls 2>/dev/null | while read -r id _ now; do
		[ "$id" != "$name" ] || echo "$now"
	done
}
# No answer may be waited for without end: this would be in the way of all that is to come after it.
ctr --timeout 20s tasks kill -s "$signal" "$name"
if sleep 0.1 2>/dev/null; then nap=0.2 per=5; else nap=1 per=1; fi
n=0
while [ $n -lt $((seconds * per)) ]; do
	case "$(how)" in
	RUNNING) n=$((n + 1)) ;;
	UNKNOWN) n=$((n + 2 * per)) ;; # its shim has not answered for two seconds
	*) break ;;
	esac
	sleep $nap
done
if ! ctr --timeout 30s tasks rm -f "$name" && [ "$(how)" = UNKNOWN ]; then
	# that shim never will, and containerd cleans up after one that is dead
	for f in /proc/[0-9]*/cmdline; do
		case "$(tr '\0' ' ' 2>/dev/null <"$f")" in *containerd-shim*" -id $name "*)
			f=${f%/*}
			kill -9 "${f##*/}"
			;;
		esac
	done
	sleep 3
	ctr --timeout 30s tasks rm -f "$name"
fi
ctr containers rm "$name"
