# Puts the root file system together and leaves the container to a supervisor.
# shellcheck disable=SC1091,SC2154  # vars is made for each deployment
cd "${0%/*}" && . ./vars || exit
rm -rf bundle/rootfs upper work stopping status waits
mkdir -p bundle/rootfs upper work "$state/run" || exit
configure || exit
: >>log
chmod 755 upper
for v in $volumes; do
	place=$state/volumes/$v
	[ -d "$place" ] || { mkdir -p "$place" && chmod 755 "$place" && chown "$owner" "$place"; } || exit
done

overlay() {
	# names relative to the layers: all options together have room in one page
	(cd "$state/layers" && mount -t overlay overlay \
		-o "lowerdir=$lower,upperdir=$directory/upper,workdir=$directory/work" "$directory/bundle/rootfs")
}
# What a layer deletes is a device 0,0 as overlayfs has it, or where only root can make that a file .wh.NAME.
delete_lower() {
	for path in $nodes; do rm -rf "bundle/rootfs/$path"; done
	for path in $marks; do
		folder=bundle/rootfs/${path%/*}
		case $path in
		*/.wh..wh..opq) (set +f && cd "$folder" 2>/dev/null && rm -rf -- * .[!.]* ..?*) ;;
		*) rm -rf "${folder:?}/${path##*/.wh.}" ;;
		esac
	done
}
# Without overlayfs every deployment needs a copy of its own: what runs in it may write.
copy() {
	set -f
	set --
	IFS=:
	for layer in $lower; do set -- "$layer" "$@"; done
	unset IFS
	for layer in "$@"; do
		marks=$(cd "$state/layers/$layer" && find . -name '.wh.*')
		nodes=$(cd "$state/layers/$layer" && find . -type c -exec ls -ln {} + | sed -n 's/^c.* 0, *0 .* \(\.\/.*\)$/\1/p')
		IFS='
'
		# as overlayfs has it: a directory takes the place of a link, and cp would follow that out of the root
		for path in $(cd "$state/layers/$layer" && find . -type d); do
			place=bundle/rootfs/$path
			[ ! -L "$place" ] || rm -f "$place"
			[ ! -d "$place" ] || [ -w "$place" ] || chmod u+w "$place" # its owner need not be root
		done
		delete_lower
		cp -a "$state/layers/$layer/." bundle/rootfs/ || return
		for path in $nodes $marks; do rm -f "bundle/rootfs/$path"; done
		unset IFS
	done
}
overlay 2>mount.log || copy || exit
# At boot an interface or a device may come late: the supervisor tries again. Who deploys is told at once.
present >waits 2>&1 && rm -f waits
if [ -f waits ]; then
	cat waits >&2
	[ -z "$MUST" ] && [ "$policy" != no ] || exit 1
fi

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
