# shellcheck disable=SC2154  # what comes before sets them
# What all parts are together: `running STAMPS` when each one runs or has ended well and may; `stopped 0` when
# all have ended so; `ended N (PART)` when one has failed for good; else how the first is that does not run.
stamps='' first=''
for part in $parts; do
	now=$(sh "./$part/state")
	case $now in
	running*) stamps=$stamps+${now#running } ;;
	*)
		if [ -f "$part/restarts" ]; then
			[ -n "$first" ] || first="$now ($part)"
		elif [ "$now" != 'stopped 0' ]; then
			echo "ended ${now#stopped } ($part)"
			exit
		fi
		;;
	esac
done
if [ -n "$first" ]; then
	echo "$first"
elif [ -n "$stamps" ]; then
	echo "running ${stamps#+}"
else
	echo 'stopped 0'
fi
