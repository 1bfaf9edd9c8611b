#!/bin/sh
# Stops the reference target.
for script in /etc/init.d/S??*; do
	[ -x "$script" ] && "$script" stop
done
sync
umount /etc/init.d /var/lib/devtool-containers /data 2>/dev/null
