# shellcheck disable=SC2154  # what comes before sets it
# Subnets that are taken: of routes, of the target's own addresses, of what is deployed.
while read -r i d _ _ _ _ _ m _; do echo "route $i $d $m"; done 2>/dev/null </proc/net/route
while read -r a b _; do
	case $a in
	'|--') n=$b ;;
	/32) [ "$b" != host ] || echo "local $n" ;;
	esac
done 2>/dev/null </proc/net/fib_trie
for f in "$STATE"/apps/*/*/holds; do
	[ -f "$f" ] || continue
	a=${f%/*/*}
	while read -r what; do echo "held ${a##*/} $what"; done <"$f"
done
