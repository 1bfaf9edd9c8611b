# Runs the container, again as its restart policy says, and keeps the last megabyte or two of its output.
# shellcheck disable=SC1091,SC2154  # vars is made for each deployment
. ./vars || exit
read -r boot </proc/sys/kernel/random/boot_id
echo "$$ $boot" >supervisor
umask 022 # the container gets it

keep() {
	size=0
	exec >>log
	while IFS= read -r line || [ -n "$line" ]; do
		printf '%s\n' "$line"
		size=$((size + ${#line} + 1))
		if [ $size -gt 1000000 ]; then
			mv log log.1
			exec >>log
			size=0
		fi
	done
}

times=0 pause=1
while :; do
	read -r up _ </proc/uptime
	echo "$up" >started
	rm -f status
	{
		run </dev/null 2>&1
		echo $? >status
	} | keep
	read -r code <status
	read -r now _ </proc/uptime
	[ ! -f stopping ] || break
	case $policy in
	no) break ;;
	on-failure)
		[ "$code" != 0 ] || break
		times=$((times + 1))
		[ "$retries" = 0 ] || [ $times -le "$retries" ] || break
		;;
	esac
	# a crash loop is slowed down; who ran for a minute starts at once
	[ $((${now%.*} - ${up%.*})) -lt 60 ] || pause=1
	sleep $pause
	[ ! -f stopping ] || break
	delete >/dev/null 2>&1
	[ $pause -ge 30 ] || pause=$((pause * 2))
done
rm -f supervisor
