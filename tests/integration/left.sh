# What a deployment could leave behind, a line each: files, mounts, units, processes.
state=/var/lib/devtool-containers units=
if [ "$(id -u)" != 0 ]; then
	state=$HOME/.local/share/devtool-containers units=--user
fi
find "$state" ! -type d 2>/dev/null
find /etc/init.d /etc/systemd/system "$HOME/.config/systemd" ! -type d 2>/dev/null
find /etc/containers/systemd "$HOME/.config/containers" /run/systemd/system.control ! -type d 2>/dev/null
find "/run/user/$(id -u)/systemd/user.control" ! -type d 2>/dev/null
sed -n 's/^overlay \([^ ]*\) .*/mounted \1/p' /proc/mounts
cat /proc/[0-9]*/comm 2>/dev/null | grep hello-http
systemctl $units list-units --all --no-legend 'container-*' 2>/dev/null
