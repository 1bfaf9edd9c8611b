# What is deployed here, a block each. Set by the caller: only (a name, or nothing for all).
health() {
	if [ ! -f "$1/health" ]; then
		echo none
	elif sh "$1/health" >/dev/null 2>&1; then
		echo healthy
	else
		echo unhealthy
	fi
}
printf 'clock %s\n' "$(date +%s 2>/dev/null)"
for app in "$STATE"/apps/*/; do
	app=${app%/}
	name=${app##*/}
	[ -f "$app/current" ] || continue
	[ -z "$only" ] || [ "$only" = "$name" ] || continue
	read -r id <"$app/current"
	echo "@app $name"
	echo "id $id"
	[ ! -f "$app/previous" ] || { read -r previous <"$app/previous"; echo "previous $previous"; }
	[ ! -f "$app/$id/since" ] || { read -r since <"$app/$id/since"; echo "since $since"; }
	echo "state $(sh "$app/$id/state" 2>/dev/null)"
	echo "health $(health "$app/$id")"
	# by name: what else is in there may have been written by a container
	for part in $(cat "$app/$id/parts" 2>/dev/null); do
		echo "part $part $(health "$app/$id/$part") $(sh "$app/$id/$part/state" 2>/dev/null)"
	done
	printf 'record %s\n' "$(cat "$app/$id/deployment.json")" # some shells' echo takes backslashes away
done
