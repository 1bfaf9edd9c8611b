# What ls says of a device node that the container is to get.
shown() {
	may=
	[ -r "$1" ] && may=r
	[ -w "$1" ] && may=${may}w
	[ -e "$1" ] && echo "node $1 ${may:--} $(ls -lnLd "$1")"
}
