"""A home with a virtual machine of its own, and an image as the SDK would leave it for that machine."""

import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO

from sdk_hooks import Machine, Progress, vm
from sdk_hooks.core.files.fileset import Entry, Group, Merged
from sdk_hooks.core.paths import cache_directory
from sdk_hooks.core.reftarget import cpio
from sdk_hooks.core.reftarget.initramfs import file
from sdk_hooks.reftarget import reference_target

from .tester import Cli, Done

SWITCH = """\
#!/bin/busybox sh
cd "$(echo /lib/modules/*)"
while read -r module; do /bin/busybox insmod "$module"; done </etc/modules
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t ext4 /dev/vda /mnt
exec /bin/busybox switch_root /mnt /sbin/init
"""
QEMUBOOT = """\
[config_bsp]
deploy_dir_image = .
image_link_name = lab-image
image_name = lab-image-20260101
machine = qemux86-64
qb_cpu = -cpu max -machine q35,i8042=off
qb_cpu_kvm = -cpu max -machine q35,i8042=off
qb_default_fstype = ext4
qb_default_kernel = bzImage
qb_kernel_cmdline_append = tsc=reliable no_timer_check quiet swiotlb=0
qb_mem = -m 256
qb_network_device = -device virtio-net-pci,netdev=net0,mac=@MAC@
qb_opt_append = -initrd @DEPLOY_DIR_IMAGE@/switch
qb_rng = -object rng-random,filename=/dev/urandom,id=rng0 -device virtio-rng-pci,rng=rng0
qb_rootfs_opt = -drive id=disk0,file=@ROOTFS@,if=none,format=raw -device virtio-blk-pci,drive=disk0
qb_smp = -smp 2
qb_system_name = qemu-system-x86_64
serial_consoles = 115200;ttyS0 115200;ttyS1
staging_bindir_native = ../nowhere
tune_arch = x86_64
"""


class Home(Cli):
    """The command with machines of its own; what was downloaded for others it shares."""

    def __init__(self, home: Path) -> None:
        packages = cache_directory() / "reference-target"
        packages.mkdir(parents=True, exist_ok=True)
        super().__init__(home)
        self.cache = home / "cache" / "devtool-containers"
        self.cache.mkdir(parents=True)
        (self.cache / "reference-target").symlink_to(packages)
        self.directory = self.cache / "machines" / "qemu"

    @property
    def pid(self) -> int:
        """Of QEMU, 0 when it does not run."""
        return vm.process.pid(self.directory / "pid")

    def ok(self, *args: str) -> Done:
        done = self(*args, timeout=150)
        assert done.status == 0, done.stderr
        return done

    def there(self, command: str) -> str:
        """What *command* prints on the machine."""
        status, text = vm.ssh.run(self.directory / "ssh_config", "qemu", command)
        assert status in (0, 255), text
        return text

    def kill(self) -> None:
        """As a power cut."""
        os.kill(self.pid, signal.SIGKILL)
        wait(lambda: not self.pid)


def wait(happened: Callable[[], object], seconds: float = 60) -> None:
    assert vm.process.wait(happened, seconds, 0.1), "it did not happen"


def answer(url: str, seconds: float = 60) -> str:
    """What the service at *url* says, as soon as it says something."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:
                return bytes(reply.read()).decode()
        except OSError:
            assert time.monotonic() < end, f"{url} does not answer"
            time.sleep(0.1)


def sdk_images(directory: Path, machine: Machine, progress: Progress) -> Path:
    """A deploy directory with the reference target as an ext4 image that `runqemu` could boot."""
    target = reference_target(machine.platform, progress, "crun")
    directory.mkdir()
    (directory / "lab-image.rootfs.qemuboot.conf").write_text(QEMUBOOT)
    shutil.copy(target.kernel, directory / "bzImage")
    with open(directory / "switch", "wb") as stream:
        stream.write(target.initramfs.read_bytes())
        _archive(stream, file("init", SWITCH, 0o755))
    top = directory / "rootfs"
    top.mkdir()
    with open(target.initramfs, "rb") as archive:
        argv = ("cpio", "-i", "-d", "-m", "-u", "--quiet", "--no-absolute-filenames")
        subprocess.run(argv, stdin=archive, cwd=top, check=True)
    (top / "etc/dropbear").mkdir()
    host = vm.keys(directory, "host").host
    (top / "etc/dropbear/hostkey").write_bytes(vm.dropbear(host.read_text()))
    (top / "etc/hostname").write_text("sdk-image\n")
    image = directory / "lab-image.ext4"
    mke2fs = vm.tool("mke2fs")
    assert mke2fs
    subprocess.run((mke2fs, "-q", "-t", "ext4", "-d", top, image, "64M"), check=True)
    return directory


def _archive(stream: IO[bytes], *entries: Entry) -> None:
    group = Group("more")
    group.add(entries)
    cpio.write(stream, Merged().place(group))
