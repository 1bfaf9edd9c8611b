"""For authors of hypervisors: locks, ssh keys, consoles, processes and disks of machines."""

from sdk_hooks.core.disk import writing
from sdk_hooks.core.paths import cache_directory
from sdk_hooks.core.vm import console, process, ssh
from sdk_hooks.core.vm.disk import data_disk, tool
from sdk_hooks.core.vm.keys import Keys, dropbear, keys
from sdk_hooks.core.vm.lock import locked
from sdk_hooks.core.vm.programs import run

__all__ = [
    "Keys",
    "cache_directory",
    "console",
    "data_disk",
    "dropbear",
    "keys",
    "locked",
    "process",
    "run",
    "ssh",
    "tool",
    "writing",
]
