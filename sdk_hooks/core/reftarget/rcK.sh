#!/bin/sh
# Stops the reference target.
for script in $(ls -r /etc/init.d/S??* 2>/dev/null); do
	[ -x "$script" ] && "$script" stop
done
sync
umount /etc/init.d /var/lib/devtool-containers /data 2>/dev/null
