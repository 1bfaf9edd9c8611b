"""Commands of scripts that belong to inits, and those that change nothing in an image."""

from __future__ import annotations

import re

from sdk_hooks.core.files.fileset import SYMLINK, Entry
from sdk_hooks.core.scripts.call import Call, Command
from sdk_hooks.core.scripts.files import options

_UNITS = ("etc/systemd/system", "lib/systemd/system", "usr/lib/systemd/system")


def enable(call: Call) -> int:
    """`systemctl enable`, and Debian's `deb-systemd-helper enable`: the links that [Install] asks for."""
    said, words = options(call, "--root")
    action, *units = words or [""]
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
    if action not in ("enable", "preset", "preset-all") or "--global" in said or "--user" in said:
        raise call.unknown()
    for unit in units:
        for link, target in _wanted(call, unit):
            call.root.put(Entry(call.root.inner(f"etc/systemd/system/{link}"), SYMLINK, 0o777, link=target))
    return 0


def _wanted(call: Call, unit: str) -> list[tuple[str, str]]:
    name, template, instance = unit, unit, ""
    if "@" in unit and not unit.split("@")[1].startswith("."):
        prefix, _, rest = unit.partition("@")
        instance, _, kind = rest.rpartition(".")
        template = f"{prefix}@.{kind}"
    path = next(
        (f"{d}/{each}" for each in (name, template) for d in _UNITS if call.root.find(f"{d}/{each}")), ""
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
    "update-rc.d",
    "invoke-rc.d",
    "deb-systemd-invoke",
    "dpkg-trigger",
    "dpkg-maintscript-helper",
    "py3compile",
    "py3clean",
    "pycompile",
    "pyclean",
    "systemd-tmpfiles",
    "systemd-sysusers",
    "apparmor_parser",
    "update-mime-database",
    "update-desktop-database",
    "gtk-update-icon-cache",
    "glib-compile-schemas",
    "depmod",
    "udevadm",
    "dbus-uuidgen",
    "systemd-machine-id-setup",
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
    "systemctl": enable,
    "deb-systemd-helper": enable,
}
