# The same of IPv6.
while read -r d p _ _ _ _ _ _ _ i; do echo "route6 $i $d $p"; done 2>/dev/null </proc/net/ipv6_route
