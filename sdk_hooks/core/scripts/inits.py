"""Commands of scripts that belong to inits, and those that change nothing in an image."""

from __future__ import annotations

from sdk_hooks.core.scripts.call import Call, Command


def machine_id(call: Call) -> int:
    """An empty file: each container gets a number of its own, and no unit takes it for its first boot."""
    if call.root.find("etc/machine-id") is None:
        call.root.write("etc/machine-id", b"", 0o444)
    return 0


def _ok(_: Call) -> int:
    return 0


_NOTHING = (
    "ldconfig",
    "invoke-rc.d",
    "deb-systemd-invoke",
    "dpkg-trigger",
    "dpkg-maintscript-helper",
    "py3compile",
    "py3clean",
    "pycompile",
    "pyclean",
    "apparmor_parser",
    "update-mime-database",
    "update-desktop-database",
    "gtk-update-icon-cache",
    "depmod",
    "modprobe",
    "insmod",
    "rmmod",
    "update-passwd",
    "udevadm",
    "fc-cache",
    "gtk-update-icon-cache-3.0",
    "gtk4-update-icon-cache",
    "dbus-uuidgen",
    "systemd-hwdb",
    "journalctl",
    "chattr",
    "setfacl",
    "restorecon",
    "dbus-send",
    "update-initramfs",
    "install-info",
    "mandb",
    "update-menus",
    "rm_conffile",
    "bbnote",
    "bbwarn",
)
"""What these do is no part of an image, or is made when the container or its init starts."""

COMMANDS: dict[str, Command] = {
    **dict.fromkeys(_NOTHING, _ok),
    "systemd-machine-id-setup": machine_id,
}
