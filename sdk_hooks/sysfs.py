"""For authors of device plugins: devices that are members of a class or a bus in sysfs."""

from __future__ import annotations

from sdk_hooks.core.shell import quoted
from sdk_hooks.target import Argv, Script


class SysfsMembers:
    """tty, i2c, video, ...: found by what sysfs, the driver or the hardware calls them, or `first`, or `all`.

    A subclass sets `name`, `summary`, `values` and `directories`: patterns of the directories in sysfs that
    have the members, such as /sys/class/tty.
    """

    name: str
    summary: str
    values: str
    pattern = r"\S(.*\S)?"
    pairs = False
    directories: Argv
    prefix = ""
    """What may be left out of a member's name: with `i2c-`, 1 means i2c-1."""
    labels: Argv = ()
    """Below a member: files that say another name of it, directories whose names are others."""

    def find(self) -> Script:
        members = " ".join(f"{directory}/*" for directory in self.directories)
        return f'members {quoted((self.prefix, " ".join(self.labels)))} "$1" {members}\n'
