# What is deployed here, a block each. Set by the caller: only (a name, or nothing for all).
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
	now=$(sh "$app/$id/state" 2>/dev/null)
	echo "state $now"
	if [ ! -f "$app/$id/health" ]; then
		echo "health none"
	else
		case $now in
		running*) if sh "$app/$id/health" >/dev/null 2>&1; then echo "health healthy"; else echo "health unhealthy"; fi ;;
		*) echo "health unhealthy" ;;
		esac
	fi
	echo "record $(cat "$app/$id/deployment.json")"
done
