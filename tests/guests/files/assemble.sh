#!/bin/sh
# Makes a disk of a tar of packages, as root or under fakeroot: assemble.sh TAR FILES SIZE. Leaves disk.img and boot/ here.
set -eu
mkdir root boot
tar -xf "$1" -C root --exclude './usr/share/doc/*' --exclude './usr/share/locale/*' --exclude './usr/share/man/*'
for name in bin lib lib64 sbin; do # as an installation of Debian 12 would have merged them
	[ ! -d "root/$name" ] || [ -L "root/$name" ] || {
		mkdir -p "root/usr/$name"
		cp -a "root/$name/." "root/usr/$name/"
		rm -r "root/$name"
		ln -s "usr/$name" "root/$name"
	}
done
PATH=$PATH:/usr/sbin:/sbin # an ordinary user of Debian has it not
rm -rf root/etc/rc?.d root/var/lib/apt root/var/cache/apt
cp -a "$2/." root/
chmod 755 root root/root root/etc
release=$(ls root/usr/lib/modules)
depmod -b root "$release"
mv root/boot/* boot/
mkdir -p modules
cp -a "root/usr/lib/modules/$release" modules/
cp root/usr/bin/busybox .
# alternatives, which only an installation sets
for name in iptables ip6tables iptables-save ip6tables-save iptables-restore ip6tables-restore; do
	[ ! -e root/usr/sbin/xtables-nft-multi ] || ln -sf xtables-nft-multi "root/usr/sbin/$name"
done
[ -e root/usr/sbin/init ] || ln -s ../bin/busybox root/usr/sbin/init
[ -e root/usr/bin/sh ] || ln -s busybox root/usr/bin/sh
if [ -e root/etc/systemd/system/guest.service ]; then
	mkdir -p root/etc/systemd/system/multi-user.target.wants
	ln -s ../guest.service ../ready.service root/etc/systemd/system/multi-user.target.wants/
fi
mkdir -p root/home/user/.ssh root/root/.ssh
chmod 700 root/home/user/.ssh root/root/.ssh
chown -R 1000:1000 root/home/user
mke2fs -q -t ext4 -E root_owner=0:0 -L root -d root disk.img "$3"
rm -rf root
