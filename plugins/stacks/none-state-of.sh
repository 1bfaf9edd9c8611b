cd "@DIR@" || { echo absent; exit; }
case "$(@QUERY@ 2>/dev/null)" in
*'"status": "running"'*)
	read -r since <started
	echo "running $since"
	;;
*)
	if [ -f status ]; then
		read -r code <status
		echo "stopped $code"
	else
		echo absent
	fi
	;;
esac
