# shellcheck disable=SC2154  # what comes before sets them
# Whether all parts are healthy of which something says how to tell; not of those that have ended and may.
for part in $parts; do
	[ -f "$part/health" ] || continue
	[ -f "$part/restarts" ] || [ "$(sh "./$part/state")" != 'stopped 0' ] || continue
	sh "./$part/health" || {
		echo "$part is not healthy"
		exit 1
	}
done
