# shellcheck disable=SC2154  # what comes before sets them
# The output of all parts as it comes. Who ends this ends those that wait for output: a silent one would never notice.
list=$(mktemp) || exit
trap 'while read -r pid; do kill "$pid"; done <"$list"; rm -f "$list"; exit' TERM INT
trap 'rm -f "$list"' EXIT
for part in $parts; do
	{
		sh "./$part/follow" 2>&1 &
		echo $! >>"$list"
		wait $!
	} | while IFS= read -r line || [ -n "$line" ]; do printf '%s | %s\n' "$part" "$line"; done &
done
wait
