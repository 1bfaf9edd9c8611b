# What changes one application takes place one after the other, in the order in which it was asked for. Each
# makes a directory .turn-N in the application's own, one higher than the highest; the lowest has its turn.
# In it is who it is: process and boot, as both are needed to tell that it is dead.

# turn APP: waits for it. 0: it is ours until this shell ends; 5: it did not come within a minute; 9: nobody can have it.
turn() {
	read -r boot 2>/dev/null </proc/sys/kernel/random/boot_id
	mine="" asked=0
	while last "$1"; [ "$n" != "$mine" ]; do # whoever has made a higher one in between may not have seen ours
		[ -z "$mine" ] || rmdir "$1/.turn-$mine"
		mine=$((n + 1)) asked=$((asked + 1))
		[ $asked -le 50 ] || { echo "can't write to $PWD" >&2; return 9; }
		mkdir "$1/.turn-$mine" 2>/dev/null || mine=
	done
	trap 'rm -rf "$mine"' EXIT
	mine=$1/.turn-$mine waited=0
	echo "$$ $boot" >"$mine/owner"
	while before "$1"; do
		[ $waited -lt 60 ] || { echo "another deployment of this container has been running for a minute"; return 5; }
		[ $waited != 0 ] || echo "waiting for another deployment of this container"
		waited=$((waited + 1))
		sleep 1
	done
}

last() {
	n=0
	for t in "$1"/.turn-*; do
		t=${t##*-}
		[ "$t" = '*' ] || [ "$t" -le $n ] || n=$t
	done
}

# Whether somebody before us lives; takes the dead out of the way.
before() {
	for t in "$1"/.turn-*; do
		[ "${t##*-}" -lt "${mine##*-}" ] || continue
		if { read -r pid at <"$t/owner"; } 2>/dev/null; then
			[ "$at" != "$boot" ] || ! kill -0 "$pid" 2>/dev/null || return 0
		elif [ -d "$t" ] && [ $waited -lt 5 ]; then
			return 0 # it is being made right now, or the power was cut at that moment
		fi
		rm -rf "$t"
	done
	return 1
}
