# shellcheck disable=SC2154  # the caller sets id
# Prints what a container says, until its own standard input ends: who looks on may leave without a word, and
# would leave this running for as long as the container is silent.
exec 3<&0
sh "./$id/follow" 3<&- </dev/null &
job=$!
{ cat <&3; kill $job; } >/dev/null 2>&1 &
watch=$!
exec 3<&-
wait $job
status=$?
kill $watch 2>/dev/null
exit $status
