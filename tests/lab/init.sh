# Process 1 of a target, in its new namespaces: builds the root directory and moves into it.
# Its stdin is a pipe from the test: `boot.sh` ends at its end, and the kernel then kills the whole pid namespace.
set -eu
dir=$1 name=$2 userland=$3 cgroup_version=$4 size=$5
disk=$dir/disk root=$dir/root

echo unshared
read -r _  # the test has put the network link into this namespace

# Everything the target keeps is on one tmpfs, as a board has one disk. It also is a place where overlayfs can
# have its upper directory, which the overlay that plays the root is not.
mkdir "$disk" "$root"
mount -t tmpfs -o "mode=755,size=$size" disk "$disk"
mkdir "$disk/var-lib"

if [ "$userland" = busybox ]; then
    mkdir "$disk/root"
    mount --bind "$disk/root" "$root"
    (cd "$root" && mkdir -p bin dev etc home lib mnt opt proc root run sys tmp usr/bin usr/sbin usr/lib var/log var/tmp)
    cp "$(command -v busybox)" "$root/bin/busybox"
    chroot "$root" /bin/busybox --install -s /bin
    xargs cp -L --parents -t "$root" <"$dir/install"
else
    mkdir "$disk/upper" "$disk/work"
    # A whiteout before mounting hides a whole tree without walking it.
    while read -r hidden; do
        mkdir -p "$disk/upper$(dirname "$hidden")"
        mknod "$disk/upper$hidden" c 0 0
    done <"$dir/hidden"
    mount -t overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" overlay "$root"
    (cd "$root" && mkdir -p home mnt opt root run tmp var/log var/tmp dev proc sys)
fi
mkdir -p "$root/var/lib"
mount --bind "$disk/var-lib" "$root/var/lib"
cp -R "$dir/seed/." "$root/"
chmod 1777 "$root/tmp" "$root/var/tmp"
chmod 700 "$root/root" "$root/root/.ssh"
mkdir -p "$root/home/user"
cp -R "$root/root/.ssh" "$root/home/user/"
chown -R 1000:1000 "$root/home/user"

# With the flags that systemd gives them: in a namespace of a user nobody may take them away.
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t sysfs -o nosuid,nodev,noexec sysfs "$root/sys"
mount -t tmpfs -o mode=755,nosuid,nodev run "$root/run"
mount -t tmpfs -o mode=755 dev "$root/dev"
(
    cd "$root/dev"
    mkdir pts shm mqueue net
    mknod -m 666 null c 1 3
    mknod -m 666 zero c 1 5
    mknod -m 666 full c 1 7
    mknod -m 666 random c 1 8
    mknod -m 666 urandom c 1 9
    mknod -m 666 tty c 5 0
    mknod -m 666 fuse c 10 229
    mknod -m 666 net/tun c 10 200
    ln -s pts/ptmx ptmx
    ln -s /proc/self/fd fd
    ln -s fd/0 stdin
    ln -s fd/1 stdout
    ln -s fd/2 stderr
)
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$root/dev/pts"
mount -t tmpfs shm "$root/dev/shm"
mount -t mqueue mqueue "$root/dev/mqueue"

# Only one cgroup version is mounted: crun refuses the hybrid layout that some machines have.
if [ "$cgroup_version" = 2 ]; then
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    mkdir -p "$root/sys/fs/cgroup/init"
    echo 1 >"$root/sys/fs/cgroup/init/cgroup.procs"
    # A group with processes of its own cannot hand controllers to its children.
    for controller in $(cat "$root/sys/fs/cgroup/cgroup.controllers"); do
        echo "+$controller" >"$root/sys/fs/cgroup/cgroup.subtree_control" || true
    done
else
    mount -t tmpfs -o mode=755 cgroup "$root/sys/fs/cgroup"
    while read -r hierarchy; do
        options=$hierarchy
        [ "$hierarchy" != systemd ] || options=none,name=systemd
        mkdir "$root/sys/fs/cgroup/$hierarchy"
        mount -t cgroup -o "$options" cgroup "$root/sys/fs/cgroup/$hierarchy"
    done <"$dir/hierarchies"
fi

hostname "$name"
cd "$root"
mkdir -p .old
pivot_root . .old
exec chroot . /bin/sh /etc/lab/boot.sh
