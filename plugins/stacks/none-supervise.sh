# Runs the container, again as its restart policy says, and keeps the last megabyte or two of its output.
# shellcheck disable=SC1091,SC2154  # vars is made for each deployment
. ./vars || exit
read -r boot </proc/sys/kernel/random/boot_id
echo "$$ $boot" >supervisor
umask 022 # the container gets it

# The shell takes lines apart byte by byte, which holds up who says much: dd takes what is there, and not more.
# Nothing that goes wrong here may end it: the container would end with it.
keep() {
	was=$(wc -c <log)
	while :; do
		if ! dd bs=4096 count=256 >>log 2>/dev/null; then
			IFS= read -r line || break
			printf '%s\n' "$line" >>log # no dd, or no space: then this is lost
		fi
		size=$(wc -c <log)
		if [ "$size" = "$was" ]; then
			IFS= read -r line || [ -n "$line" ] || break # nothing has come: is it the end?
			printf '%s\n' "$line" >>log
			size=$(wc -c <log)
		fi
		was=$size
		if [ "$size" -gt 1000000 ]; then
			mv log log.1
			: >log
			was=0
		fi
	done 2>/dev/null
}

times=0 pause=1
while :; do
	read -r up _ </proc/uptime
	echo "$up" >started
	rm -f status
	{
		if [ ! -f waits ] || { present >waits.new 2>&1 && rm -f waits waits.new; }; then
			run </dev/null 2>&1
		else
			mv waits.new waits
			cat waits
			false
		fi
		echo $? >status
	} | keep
	read -r code <status
	read -r now _ </proc/uptime
	# without its files, which somebody has removed, it must not stand in the way of who comes after it
	[ ! -f stopping ] && [ -f supervisor ] || break
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
