# Sends the signal $2 to the first process of the container $1: pflask itself knows only how to end it at once.
place=/run/pflask/$1
sent=1
if read -r pid 2>/dev/null <"$place" && read -r now 2>/dev/null <"/proc/$pid/comm" && [ "$now" = pflask ]; then
	for status in /proc/[0-9]*/status; do
		while read -r key value; do
			case $key in
			PPid:) [ "$value" = "$pid" ] && status=${status%/status} && kill -s "$2" "${status#/proc/}" && sent=0; break ;;
			esac
		done 2>/dev/null <"$status"
	done
fi
(exit $sent)
