# Changes one application from the deployment that runs to another one. Runs on the target, and to its
# end also when the connection is cut: at every moment either the old or the new one is up, or about to be.
#
# Needs turn.sh and late.sh before it. Usage: switch.sh APP NEW [FRESH]. APP is a directory, NEW and what `current`
# and `previous` say are names in it, FRESH is a directory in it that has the files of NEW. In the environment: `sent`
# of late.sh, and `seen`, not empty when its sender knows of a deployment here.
# A deployment has the files start, stop, state, logs, forget, enable, and maybe health and ready; and `limits`:
# tries= (seconds to become healthy), settle= (seconds that it must stay up), oneshot= (may end well).
# Exit status: 0 up, 3 not up and the old one put back, 4 not up and there was none, 5 another one is at it,
# 6 not up and the old one could not be put back; and with nothing touched 7 its image is gone, 8 it comes too late,
# 9 nothing can be written here.

app=$1 new=$2 fresh=$3
own=/run/user/$(id -u)
[ -n "$XDG_RUNTIME_DIR" ] || [ ! -d "$own" ] || export XDG_RUNTIME_DIR="$own"
cd "$app" || exit 4
untouched() { [ -z "$fresh" ] || rm -rf "$fresh"; exit "$1"; }
turn . || untouched $?

# Other deployments may share an image, also those of other applications, and those that wait for their turn.
forget() {
	keep=$(for f in ../*/*/image ../*/.new-*/image; do [ "$f" = "../${app##*/}/$1/image" ] || cat "$f"; done 2>/dev/null)
	# shellcheck disable=SC2086  # names
	sh "$1/forget" $keep >/dev/null 2>&1
}

# Nobody else would think of taking away what has never run.
drop() {
	forget "$1"
	tidy=$(cat "$1/tidy")
	rm -rf "$1"
	sh -c "$tidy" tidy "${app##*/}" "$1" failed
}

# shellcheck disable=SC2154  # late.sh sets it
if late .sent || { [ ! -f current ] && { [ -n "$seen" ] || late "$removals"; }; }; then
	[ -f current ] || rm -f .sent
	[ -z "$fresh" ] || drop "$fresh"
	exit 8
fi

# Whether what the deployment $1 needs is there; those of an older one of us don't say what that is.
there() (
	[ -d "$1" ] || exit
	[ -f "$1/ready" ] || exit 0
	set -- "$PWD/$1"
	# shellcheck disable=SC1091  # made for each deployment
	. "$1/ready"
)
there "${fresh:-$new}" >/dev/null 2>&1 || untouched 7
note .sent
if [ -n "$fresh" ]; then
	[ ! -d "$new" ] || sh "$new/stop" # the same once more: it has ended, or does not run well
	rm -rf "$new"
	mv "$fresh" "$new"
fi

old=
[ ! -f current ] || read -r old <current
oneshot="" settle=2 tries=30
# shellcheck disable=SC1090  # made for each deployment
. "./$new/limits"

# Not every sleep knows fractions of a second.
if sleep 0.1 2>/dev/null; then nap=0.2; else nap=1; fi

# Hundredths of a second since boot, as `at`: engines on slow targets take seconds to say how a container is.
clock() {
	read -r at _ </proc/uptime
	at=$((${at%.*} * 100 + 1${at#*.} - 100))
}

# Up: healthy once, or running for `settle` seconds without being started again.
up() {
	clock
	end=$((at + tries * 100)) since="" looks=0
	while [ $at -le $end ] || [ $looks -lt 10 ]; do
		now=$(sh "$new/state")
		clock
		case $now in
		running*)
			[ "$now" = "$since" ] || since=$now first=$at
			steady=
			[ $((at - first)) -lt $((settle * 100)) ] || steady=1
			# one whose health nobody looks at has to stay up
			if [ -f "$new/health" ] && { [ ! -f "$new/unwatched" ] || [ -n "$steady" ]; }; then
				sh "$new/health" >health.log 2>&1 && return 0
			elif [ ! -f "$new/health" ] && [ -n "$steady" ]; then
				return 0
			fi
			;;
		'stopped 0') [ -z "$oneshot" ] || return 0 ;;
		esac
		case $now in
		running*) ;;
		ended*) echo "$now"; return 1 ;;
		*) [ -f "$new/restarts" ] || { echo "it ended: $now"; return 1; } ;;
		esac
		looks=$((looks + 1))
		sleep $nap
	done
	if [ -f "$new/health" ]; then
		echo "it is not healthy after $tries seconds"
		[ ! -s health.log ] || tail -n 3 health.log
	else
		echo "it does not stay up: $now"
	fi
	return 1
}

# What the deployment $1 has kept and nothing but it names any more: other applications may have volumes of that name.
left() {
	named=$(for f in "$new/volumes" ../*/*/volumes; do
		case $f in "../${app##*/}/"*) ;; *) cat "$f" ;; esac
	done 2>/dev/null)
	for v in $(cat "$1/volumes" 2>/dev/null); do
		# shellcheck disable=SC2086,SC2116  # names, whatever parts them
		case " $(echo $named) " in *" $v "*) continue ;; esac
		how=$(grep "[ /]$v\$" "$1/forget-volumes" 2>/dev/null) || how="rm -rf ${app%/apps/*}/volumes/$v"
		echo "note: the volume $v is kept, which this version does not name: $how"
	done
}

say() { echo "$1" >"$2.new" && mv "$2.new" "$2"; }

if [ -n "$old" ] && [ -d "$old" ]; then
	sh "$old/stop"
elif [ -z "$old" ]; then # nobody knows what ran: the power was cut, or somebody has removed files
	for d in */; do
		[ ! -f "$d/stop" ] || sh "$d/stop"
	done
fi
if MUST=1 sh "$new/start" && up; then
	[ -z "$old" ] || [ "$old" = "$new" ] || say "$old" previous
	say "$new" current
	date +%s >"$new/since" 2>/dev/null
	sh "$new/enable"
	[ -z "$old" ] || left "$old"
	# what one unit replaces another one writes over; anything else stands beside it
	[ -z "$old" ] || [ -f "$new/disown" ] || [ ! -f "$old/disown" ] || sh "$old/disown"
	previous=
	[ ! -f previous ] || previous=$(cat previous)
	for d in */; do
		d=${d%/}
		case $d in "$new" | "$previous") continue ;; esac
		forget "$d"
		rm -rf "$d"
	done
	for d in .new-* .run-*; do # whose maker was killed
		kill -0 "${d##*-}" 2>/dev/null || rm -rf "$d"
	done
	sh "$new/tidy" "${app##*/}" "$new"
	sync
	exit 0
fi
sh "$new/logs" 2>&1 | tail -n 10 | while IFS= read -r line; do echo "log: $line"; done
sh "$new/stop"
if [ -z "$old" ]; then
	drop "$new"
	rm -f health.log .sent
	exit 4
fi
if [ -d "$old" ] && sh "$old/start"; then
	echo "put back: $old"
	exit 3
fi
echo "could not be put back: $old"
exit 6
