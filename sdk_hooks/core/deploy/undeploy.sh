# shellcheck disable=SC2154  # the caller sets them
# Takes an application away. Needs turn.sh and late.sh before it. Set by the caller: name, volumes (to remove, of this
# application only), and `sent` of late.sh. Exit status: 6 it is not there, 7 it does not stop, 8 this comes too late.
case $name in "" | .* | */*) exit 6 ;; esac # what it is goes: nothing else may
app=$STATE/apps/$name
note "$removals" # what is on its way, and knows of nothing here, is not to come any more
[ -d "$app" ] || exit 6
turn "$app" || exit
[ -d "$app" ] || exit 6 # whoever was before us has taken it away
! late "$app/.sent" || exit 8
note "$app/.sent"
current=
[ ! -f "$app/current" ] || read -r current <"$app/current"
for d in "$app"/*/; do
	d=${d%/}
	[ "${d##*/}" != "$current" ] || sh "$d/disable" >/dev/null 2>&1
	sh "$d/stop" # not of the current one only: another may have been about to start when the power went
done
if [ -n "$current" ]; then
	case "$(sh "$app/$current/state" 2>/dev/null)" in
	running*) echo "it does not stop"; exit 7 ;;
	esac
fi
[ -z "$current" ] || sh "$app/$current/unname" >/dev/null 2>&1
keep=$(for f in "$STATE"/apps/*/*/image "$STATE"/apps/*/.new-*/image; do
	case $f in "$app"/[!.]*) ;; *) cat "$f" ;; esac
done 2>/dev/null)
for d in "$app"/*/; do
	# shellcheck disable=SC2086  # names
	[ ! -f "$d/forget" ] || sh "$d/forget" $keep >/dev/null 2>&1
	[ -z "$volumes" ] || [ ! -f "$d/forget-volumes" ] || sh "$d/forget-volumes" >/dev/null 2>&1
done
[ ! -f "$app/.incoming" ] || sh "$app/.incoming" </dev/null >/dev/null 2>&1 # parts of an image that never was whole
# A deployment that waits for its turn goes on from nothing.
waiting=
for d in "$app"/.new-* "$app"/.run-*; do
	! kill -0 "${d##*-}" 2>/dev/null || waiting=1
done
if [ -n "$waiting" ]; then rm -rf "${app:?}"/* "$mine"; else rm -rf "$app"; fi
for v in $volumes; do rm -rf "$STATE/volumes/$v"; done
for d in "$STATE"/apps/*/; do # of the last one also what runtimes keep for the next time
	[ -d "$d" ] || rm -rf "$STATE"/run/*/.cache
done
