# Puts the root file system together and leaves the container to a supervisor.
# shellcheck disable=SC1091,SC2154  # vars is made for each deployment
cd "${0%/*}" && . ./vars || exit
rm -rf bundle/rootfs upper work stopping status
mkdir -p bundle/rootfs upper work || exit
cp bundle.json bundle/config.json
chmod 755 upper
for v in $volumes; do
	place=$state/volumes/$v
	[ -d "$place" ] || { mkdir -p "$place" && chmod 755 "$place" && chown "$user" "$place"; } || exit
done

overlay() {
	# names relative to the layers: all options together have room in one page
	(cd "$state/layers" && mount -t overlay overlay \
		-o "lowerdir=$lower,upperdir=$directory/upper,workdir=$directory/work" "$directory/bundle/rootfs")
}
# Without overlayfs every deployment needs a copy of its own: what runs in it may write.
copy() {
	set -f
	set --
	IFS=:
	for layer in $lower; do set -- "$layer" "$@"; done
	unset IFS
	for layer in "$@"; do
		deleted=$(cd "$state/layers/$layer" && find . -type c -exec ls -ln {} + | sed -n 's/^c.* 0, *0 .* \(\.\/.*\)$/\1/p')
		IFS='
'
		# as overlayfs has it: a directory takes the place of a link, and cp would follow that out of the root
		for path in $(cd "$state/layers/$layer" && find . -type d); do
			[ ! -L "bundle/rootfs/$path" ] || rm -f "bundle/rootfs/$path"
		done
		for path in $deleted; do rm -rf "bundle/rootfs/$path"; done
		cp -a "$state/layers/$layer/." bundle/rootfs/ || return
		for path in $deleted; do rm -f "bundle/rootfs/$path"; done
		unset IFS
	done
}
overlay 2>mount.log || copy || exit

detach=
command -v setsid >/dev/null 2>&1 && detach=setsid
(
	trap '' HUP
	exec $detach sh ./supervise
) >/dev/null 2>&1 </dev/null &
# it has a state once it runs, or has ended
n=0
while [ $n -lt 500 ] && [ ! -f status ] && ! running; do n=$((n + 1)); done
exit 0
