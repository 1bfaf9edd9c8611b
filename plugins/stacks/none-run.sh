# Puts the root file system together and leaves the container to a supervisor.
cd "@DIR@" || exit
rm -rf bundle/rootfs upper work stopping status
mkdir -p bundle/rootfs upper work || exit
cp bundle.json bundle/config.json
chmod 755 upper
for v in @VOLUMES@; do
	[ -d "@STATE@/volumes/$v" ] && continue
	mkdir -p "@STATE@/volumes/$v" && chmod 755 "@STATE@/volumes/$v" && chown @USER@ "@STATE@/volumes/$v" || exit
done
for v in @BINDS@; do
	[ -e "$v" ] || mkdir -p "$v" || exit
done
overlay() {
	(cd "@STATE@/layers" && mount -t overlay overlay \
		-o "lowerdir=@LOWER@,upperdir=@DIR@/upper,workdir=@DIR@/work" "@DIR@/bundle/rootfs")
}
# Without overlayfs every deployment needs a copy of its own: what runs in it may write.
copy() {
	lower=@LOWER@
	set --
	IFS=:
	for layer in $lower; do set -- "$layer" "$@"; done
	unset IFS
	for layer in "$@"; do
		cp -a "@STATE@/layers/$layer/." bundle/rootfs/ || return
	done
}
if ! overlay 2>mount.log; then
	copy || exit
fi
detach=
command -v setsid >/dev/null 2>&1 && detach=setsid
(
	trap '' HUP
	exec $detach sh ./supervise
) >/dev/null 2>&1 </dev/null &
exit 0
