# shellcheck disable=SC2034  # for what comes after
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
uid=$(id -u 2>/dev/null || echo 0)
if [ "$uid" = 0 ]; then
	STATE=/var/lib/devtool-containers
else
	STATE=${XDG_DATA_HOME:-$HOME/.local/share}/devtool-containers
	# where systemd or podman has put the sockets of this user, also for a login without a session
	: "${XDG_RUNTIME_DIR:=/run/user/$uid}"
	export XDG_RUNTIME_DIR
fi
