# Print the devices that there are now, as the runtime-spec has them; those that every container has are left out.
every_device() {
	printf '{"path":"/dev/null","type":"c","major":1,"minor":3,"fileMode":438,"uid":0,"gid":0}'
	find /dev '(' -type b -o -type c ')' -exec ls -ln {} + | while read -r mode _ uid gid major minor rest; do
		node=/dev/${rest#*/dev/} bits=0 letters=${mode#?}
		case ${node#/dev/} in
		null | zero | full | tty | random | urandom | console | ptmx | pts/* | *[\\\"]*) continue ;;
		esac
		letters=${letters%[.+@]}
		while [ -n "$letters" ]; do
			bits=$((bits * 2))
			case $letters in -*) ;; *) bits=$((bits + 1)) ;; esac
			letters=${letters#?}
		done
		printf ',\n{"path":"%s","type":"%s","major":%s,"minor":%s,"fileMode":%s,"uid":%s,"gid":%s}' \
			"$node" "${mode%"${mode#?}"}" "${major%,}" "$minor" $bits "$uid" "$gid"
	done
	echo
}
# Print the capabilities that root has here, of those whose names are given by number: an older kernel knows fewer.
every_capability() {
	left=$((0x$(sed -n 's/^CapBnd:[^0-9a-f]*//p' /proc/self/status))) comma=
	for name; do
		[ $((left & 1)) = 0 ] || { printf '%s"CAP_%s"' "$comma" "$name" && comma=,; }
		left=$((left >> 1))
	done | tr '[:lower:]' '[:upper:]'
	echo
}
# The text on stdin, with these where it says so.
configure_for_all() {
	place=
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		*'"@every"'*) if [ "$place" = devices ]; then every_device; else every_capability "$@"; fi ;;
		*'": [') place=${line#*\"} place=${place%%\"*} && printf '%s\n' "$line" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
}
