# Prints how the container is.
# shellcheck disable=SC1091  # vars is made for each deployment
cd "${0%/*}" || exit
. ./vars

look() {
	if running; then
		read -r since <started
		echo "running $since"
	elif [ -f status ]; then
		read -r code <status
		why=
		[ ! -f waits ] || why=$(tail -n 1 waits)
		echo "stopped $code${why:+ ($why)}"
	else
		return 1
	fi
}
# between its end and the note of how it ended the supervisor needs a moment
n=0
until look; do
	[ $n -lt 10 ] && [ -f supervisor ] && read -r pid _ <supervisor && kill -0 "$pid" 2>/dev/null || {
		echo absent
		break
	}
	sleep 0.1 2>/dev/null || { sleep 1 && n=$((n + 4)); }
	n=$((n + 1))
done
