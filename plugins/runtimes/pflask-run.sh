# Runs pflask in the foreground, and keeps its number for who asks. $1: the container, $2: its root,
# $3: whether it shares the names of the target; then options.
name=$1 root=$2 hosts=$3
shift 3
mkdir -p /run/pflask || exit
# it makes the last directory of a mount's path only
for option; do
	case $option in
	--mount=*) place=${option##*:} ;;
	--) break ;;
	*) continue ;;
	esac
	mkdir -p "$root${place%/*}" || exit
done
[ "$hosts" = own ] || for file in /etc/resolv.conf /etc/hosts; do
	[ -e $file ] && mkdir -p "$root/etc" && set -- "--mount=bind-ro:$file:$file" "$@"
done
# It wants a terminal, and ends its container with it. The other side of a new one is a terminal that has no end.
[ -t 0 ] || { exec </dev/ptmx && stty raw -echo 2>/dev/null; }
# shellcheck disable=SC2016  # for the shell that becomes pflask
sh -c 'echo $$ >"$0" && exec pflask "$@"' "/run/pflask/$name" "$@"
ended=$?
rm -f "/run/pflask/$name"
exit $ended
