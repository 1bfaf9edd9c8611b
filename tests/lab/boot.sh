# The rest of a target's process 1, run by the target's own shell: the ssh server, then reaping until the test ends.
umount -l /.old
rmdir /.old
# systemd shares the mount tree, and rootless podman warns without that.
mount --make-rshared /
mkdir -p /run/sshd
. /etc/lab/sshd.sh >/var/log/sshd.log 2>&1 &
echo booted
# While it waits for `cat`, the shell also reaps every process that was left to it.
cat >/dev/null
exit 0
