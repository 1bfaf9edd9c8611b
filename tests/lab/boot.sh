# The rest of a target's process 1, run by the target's own shell: the ssh server, then reaping until the test ends.
if [ -d /.old ]; then
    umount -l /.old
    rmdir /.old
fi
# systemd shares the mount tree, and rootless podman warns without that.
mount --make-rshared /

while :; do
    # What containers mounted is gone after a reboot, and so is all that was in memory.
    while read -r _ directory _; do
        case $directory in /var/lib/?* | /run/?*) umount -l "$directory" 2>/dev/null ;; esac
    done </proc/mounts
    rm -rf /run/* /tmp/* /dev/shm/*
    mkdir -p /run/sshd
    . /etc/lab/sshd.sh >>/var/log/sshd.log 2>&1 &
    echo booted
    # While it waits for `cat`, the shell also reaps every process that was left to it.
    # `cat` ends when the test has ended; it is killed for a reboot.
    cat >/dev/null && exit 0
done
