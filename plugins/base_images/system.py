"""system: an init and the services that it starts; as meta-virtualization's container-systemd-base."""

from sdk_hooks import hookimpl
from sdk_hooks.base_images import BaseImage, PackageList

from ._lists import BUSYBOX, DATA, DOCUMENTS, ESSENTIAL  # noqa: TID251  relatively it is no second copy

MASKED = (
    "console-getty.service",
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "getty.target",
    "proc-sys-fs-binfmt_misc.automount",
    "sys-fs-fuse-connections.mount",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "systemd-firstboot.service",
    "systemd-logind.service",
    "systemd-remount-fs.service",
    "systemd-udev-trigger.service",
    "systemd-udevd.service",
)
"""What belongs to the machine and not to a container: its consoles, kernel and devices."""

MACHINE = ("/etc/fstab",)
"""OE's has a tmpfs at /var/volatile: without the right to mount it systemd ends in its emergency mode."""

SYSTEM = BaseImage(
    name="system",
    summary="systemd, or sysvinit, as the first process: for several services in one container",
    lists=(
        PackageList(
            (*ESSENTIAL, "ca-certificates", "dbus", "iproute2", "procps", "systemd-sysv", "tzdata"),
            format="deb",
        ),
        PackageList((*DATA, BUSYBOX, "dbus-1 | dbus?", "systemd")),
        PackageList((*DATA, BUSYBOX, "initscripts", "sysvinit")),
    ),
    exclude=(*DOCUMENTS, *MACHINE),
    setuid=("/**",),
    applets="/bin/busybox",
    links={f"/etc/systemd/system/{unit}": "/dev/null" for unit in MASKED},
    package_database=True,
    entrypoint=("/sbin/init",),
    user="0:0",
    env={"container": "oci"},
    stop_signal="SIGRTMIN+3",
)


@hookimpl
def sdk_base_images() -> list[BaseImage]:
    return [SYSTEM]
