#!/bin/sh
# Stops a guest, what was started last first.
# shellcheck disable=SC2045  # their names have no blanks
for script in $(ls -r /etc/init.d/S??*); do
	[ -x "$script" ] && "$script" stop
done
sync
