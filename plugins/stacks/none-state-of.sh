# shellcheck disable=SC1091  # vars is made for each deployment
cd "${0%/*}" || exit
. ./vars
if running; then
	read -r since <started
	echo "running $since"
elif [ -f status ]; then
	read -r code <status
	echo "stopped $code"
else
	echo absent
fi
