# Starts the container $name again whenever its task has ended: by ./launch, after ./clear. It ends when it is
# not the one any more that ./again.pid names.
# shellcheck disable=SC2154  # what comes before sets them
while sleep 5; do
	tasks=$(ctr --timeout 20s tasks ls 2>/dev/null) || continue # containerd is not there
	now=$(echo "$tasks" | while read -r id _ now; do [ "$id" != "$name" ] || echo "$now"; done)
	# who ends this waits for what it has begun: it says so first, and looks then whether it still may
	case $now in '' | STOPPED) : >again.busy ;; esac
	pid=
	read -r pid 2>/dev/null <again.pid
	[ "$pid" = $$ ] || break
	[ ! -f again.busy ] || { sh ./clear; sh ./launch; }
	rm -f again.busy
done
rm -f again.busy
