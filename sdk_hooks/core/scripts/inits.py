"""Commands of scripts that belong to inits, and those that change nothing in an image."""

from __future__ import annotations

import re

from sdk_hooks.core.files.fileset import SYMLINK, Entry
from sdk_hooks.core.scripts.call import Call, Command
from sdk_hooks.core.scripts.files import options

_UNITS = ("etc/systemd", "lib/systemd", "usr/lib/systemd")


def enable(call: Call) -> int:
    """`systemctl enable`, and Debian's `deb-systemd-helper enable`: the links that [Install] asks for."""
    said, words = options(call, "--root")
    action, *units = words or [""]
    if not action:
        return 1  # does it run? not while an image is made
    if action == "mask" and call.name == "systemctl":
        for unit in units:
            call.root.put(Entry(f"etc/systemd/system/{unit}", SYMLINK, 0o777, link="/dev/null"))
        return 0
    if action in (
        "daemon-reload",
        "restart",
        "start",
        "stop",
        "try-restart",
        "is-active",
        "reload",
        "daemon-reexec",
        "unmask",
        "update-state",
        "was-enabled",
        "purge",
        "mask",
        "disable",
        "is-enabled",
        "debian-installed",
    ):
        return int(action in ("is-active", "is-enabled", "debian-installed"))
    if action not in ("enable", "preset", "preset-all"):
        raise call.unknown()
    kind = "user" if "--global" in said or "--user" in said else "system"
    for unit in units:
        for link, target in _wanted(call, unit, kind):
            call.root.put(Entry(call.root.inner(f"etc/systemd/{kind}/{link}"), SYMLINK, 0o777, link=target))
    return 0


def machine_id(call: Call) -> int:
    """An empty file: each container gets a number of its own, and no unit takes it for its first boot."""
    if call.root.find("etc/machine-id") is None:
        call.root.write("etc/machine-id", b"", 0o444)
    return 0


def _wanted(call: Call, unit: str, kind: str) -> list[tuple[str, str]]:
    name, template, instance = unit, unit, ""
    if "@" in unit and not unit.split("@")[1].startswith("."):
        prefix, _, rest = unit.partition("@")
        instance, _, ending = rest.rpartition(".")
        template = f"{prefix}@.{ending}"
    path = next(
        (
            f"{d}/{kind}/{each}"
            for each in (name, template)
            for d in _UNITS
            if call.root.find(f"{d}/{kind}/{each}")
        ),
        "",
    )
    text = call.content(path)
    install = text.partition("[Install]")[2].partition("\n[")[0]
    found = []
    for key, values in re.findall(r"^(WantedBy|RequiredBy|Alias)\s*=\s*(.+)$", install, re.MULTILINE):
        for value in values.replace("%i", instance).split():
            kind = {"WantedBy": "wants/", "RequiredBy": "requires/"}.get(key, "")
            found.append((f"{value}.{kind}{name}" if kind else value, f"/{path}"))
    return found


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
    "glib-compile-schemas",
    "depmod",
    "udevadm",
    "fc-cache",
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
    "systemctl": enable,
    "deb-systemd-helper": enable,
}
