# shellcheck shell=sh disable=SC2154,SC2317  # two functions of vars, without their heads
# A pod of its own for each start; $@: options of runp. What is left of the last one goes first.
delete 2>/dev/null
: >output
ask runp "$@" pod.json >pod 2>log.new || { cat log.new; rm -f pod; return 125; }
ask create "$(cat pod)" container.json pod.json >box 2>log.new || { cat log.new; return 125; }
ask start "$(cat box)" >/dev/null 2>log.new || { cat log.new; return 126; }
rm -f log.new
# WAIT
# The end of the process is cheap to see; only how it ended has to be asked for.
pid=$(ask inspect -o go-template --template '{{.info.pid}}' "$(cat box)" 2>/dev/null)
n=0
while kill -0 "$pid" 2>/dev/null; do
	sleep 1
	n=$((n + 1))
	if [ $((n % 60)) = 0 ] && [ "$(wc -c <output)" -gt 1000000 ]; then
		cp output output.1
		: >output # it is appended to
	fi
done
code=$(ask inspect -o go-template --template '{{.status.exitCode}}' "$(cat box)" 2>/dev/null)
delete
return "${code:-1}"
