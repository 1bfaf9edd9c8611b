# Sets $now where the container $name has a task that runs, and $ended where that has ended.
# shellcheck disable=SC2034,SC2154  # what comes before and after sets and uses them
ended='' asked=0
# A shim answers nobody while it starts a machine, or a program in one: containerd says UNKNOWN after two
# seconds, and is asked again.
while
	task=$(ctr tasks ls 2>/dev/null | while read -r id pid status; do
		[ "$id" != "$name" ] || echo "$status $pid"
	done)
	[ "${task%% *}" = UNKNOWN ] && [ $asked -lt 3 ]
do asked=$((asked + 1)); done
case ${task%% *} in RUNNING) now="running ${task#* }" ;; STOPPED) ended=1 ;; esac
