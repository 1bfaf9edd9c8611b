# shellcheck disable=SC1090,SC1091,SC2154  # facts is made for each setup, and sets what is used here
# Takes back what was set up here. Set by the caller: STATE. Each directory of STATE/setup has the files facts
# (stack, runtime, path), before (when there was one), after and reload; their numbers are their order. With
# `cleared` that has to be read before, or what is taken back would stay in the memory of who reads it.

# Takes back one; says why when that can't be.
undo_one() {
	. "$1/facts"
	file=$path
	[ ! -L "$path" ] || file=$(readlink -f "$path") || return
	for used in "$STATE"/apps/*/*/deployment.json; do
		[ -f "$used" ] && [ -z "$failed" ] || continue
		case $(cat "$used") in
		*'"runtime": "'"$runtime"'"'*'"stack": "'"$stack"'"'*)
			echo "$stack stays set up for $runtime: ${used#"$STATE"/apps/} uses it"
			return 1
			;;
		esac
	done
	if [ "$(cat "$file" 2>/dev/null)" != "$(cat "$1/after")" ]; then
		echo "$path was changed since: what was added for $runtime stays in it"
		return 1
	fi
	if [ -f "$1/cleared" ]; then
		cat "$1/cleared" >"$file" || return
		sh "$1/reload" >/dev/null 2>&1 && sleep 1
	fi
	if [ -f "$1/before" ]; then
		cp -p "$1/before" "$file.new" && mv "$file.new" "$file" || return
	else
		rm -f "$file"
	fi
	[ -f "$1/cleared" ] || sh "$1/reload" >/dev/null 2>&1
	rm -rf "$1"
	[ -n "$failed" ] || echo "$stack is no longer set up for $runtime"
}
undo_all() {
	failed='' kept=''
	for n in $(ls "$STATE/setup" 2>/dev/null | sort -rn); do
		. "$STATE/setup/$n/facts"
		case " $kept " in *" $path "*) continue ;; esac # it is part of the file that stays
		undo_one "$STATE/setup/$n" || kept="$kept $path"
	done
	rmdir "$STATE/setup" 2>/dev/null
}
# The one that was just made and does not hold: nothing uses it.
undo_last() {
	failed=1
	for n in $(ls "$STATE/setup" 2>/dev/null | sort -rn); do
		undo_one "$STATE/setup/$n"
		break
	done
	rmdir "$STATE/setup" 2>/dev/null
}
