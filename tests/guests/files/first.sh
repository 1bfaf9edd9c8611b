#!/bin/busybox sh
# Runs in the first file system: what the kernel has no driver for is loaded, and the disk becomes the root.
cd "$(echo /lib/modules/*)" || exit
while read -r module; do /bin/busybox insmod "$module"; done </etc/modules
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t ext4 /dev/vda /mnt
/bin/busybox cp -a /personal/. /mnt/
/bin/busybox mount -o move /dev /mnt/dev
exec /bin/busybox switch_root /mnt /sbin/init
