# Removes layers that no deployment has and that no transfer claims. $1: the application that was just deployed,
# $2: its deployment; without $2 the application was removed.
cd "@STATE@" || exit
if [ -n "$2" ]; then
	rm -f "claims/$1@$2"
	[ ! -d claims ] || find claims -type f -mtime +0 -exec rm -f {} + # whose transfer was given up
else
	rm -f "claims/$1@"*
fi
for layer in layers/*; do
	[ -d "$layer" ] || continue
	digest=sha256:${layer#layers/sha256-}
	for list in apps/*/*/layers claims/*; do
		[ -f "$list" ] || continue
		while read -r used; do [ "$used" != "$digest" ] || continue 3; done <"$list"
	done
	# a directory that its owner may not write stops who is not root
	rm -rf "$layer" 2>/dev/null || { chmod -R u+rwx "$layer" && rm -rf "$layer"; }
done
for fresh in layers/.new-*; do # of a transfer that was killed
	kill -0 "${fresh##*-}" 2>/dev/null || rm -rf "$fresh"
done
