# Removes layers that no deployment has and that no transfer claims. $1: the application that was just deployed,
# $2: its deployment; without $2 the application was removed. Needs turn.sh before it: what looks whether its layers
# are there waits until this is done.
cd "@STATE@" || exit
if [ -n "$2" ]; then
	rm -f "claims/$1@$2"
	[ ! -d claims ] || find claims -type f -mtime +0 -exec rm -f {} + # whose transfer was given up
else
	rm -f "claims/$1@"*
fi
turn . >/dev/null || exit
# One list of them goes when its deployment gets its place: those on their way to it are read first.
used() {
	for list in apps/*/.new-*/layers apps/*/*/layers claims/*; do
		case $list in *'*'*) continue ;; esac
		cat "$list" || return
	done
}
nl='
' tries=0
until all=$nl$(used 2>/dev/null)$nl; do
	tries=$((tries + 1))
	[ $tries -lt 10 ] || exit
done
for layer in layers/*; do
	[ -d "$layer" ] || continue
	case $all in *"${nl}sha256:${layer#layers/sha256-}$nl"*) continue ;; esac
	# a directory that its owner may not write stops who is not root
	rm -rf "$layer" 2>/dev/null || { chmod -R u+rwx "$layer" && rm -rf "$layer"; }
done
for fresh in layers/.new-*; do # of a transfer that was killed
	kill -0 "${fresh##*-}" 2>/dev/null || rm -rf "$fresh"
done
