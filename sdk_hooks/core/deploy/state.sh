# shellcheck disable=SC2034  # for what comes after
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
uid=$(id -u 2>/dev/null || echo 0)
if [ "$uid" = 0 ]; then
	STATE=/var/lib/devtool-containers
else
	STATE=${XDG_DATA_HOME:-$HOME/.local/share}/devtool-containers
	# As a session has it, also for a login without one. Not where there is no such directory: podman would
	# look for its containers elsewhere than when the variable is not set.
	[ -n "$XDG_RUNTIME_DIR" ] || [ ! -d "/run/user/$uid" ] || export XDG_RUNTIME_DIR="/run/user/$uid"
fi
