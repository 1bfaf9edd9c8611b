# Leaves the container to a supervisor: nothing of CRI-O starts it again.
# shellcheck disable=SC1091,SC2154  # vars is made for each deployment
cd "${0%/*}" && . ./vars || exit
rm -f stopping status log
mkdir -p bundle # the supervisor's sign that it has been started
for v in $volumes; do
	place=$state/volumes/$v
	[ -d "$place" ] || { mkdir -p "$place" && chmod 755 "$place" && chown "$owner" "$place"; } || exit
done
detach=
command -v setsid >/dev/null 2>&1 && detach=setsid
(
	trap '' HUP
	exec $detach sh ./supervise
) >/dev/null 2>&1 </dev/null &
n=0
while [ $n -lt 50 ] && [ ! -f status ] && ! running; do
	sleep 0.2 2>/dev/null || sleep 1
	n=$((n + 1))
done
exit 0
