"""Linux's capabilities by name, and which of them a container has."""

from __future__ import annotations

from sdk_hooks.container import Container, Settings
from sdk_hooks.core.shell import quoted
from sdk_hooks.target import Script

NAMES = (
    "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
    "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock",
    "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin",
    "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write",
    "audit_control", "setfcap", "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend",
    "audit_read", "perfmon", "bpf", "checkpoint_restore",
)  # fmt: skip
"""By number (linux/capability.h), without CAP_."""
ALL = "ALL"
_DEFAULT = (
    "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETFCAP", "SETGID",
    "SETPCAP", "SETUID", "SYS_CHROOT",
)  # fmt: skip

_NAMED = "|".join(name.upper() for name in NAMES)
NAMED = {"type": "string", "pattern": f"^(?:(CAP_)?({_NAMED})|(cap_)?({_NAMED.lower()}))$"}
OR_ALL = {"anyOf": [NAMED, {"enum": [ALL, ALL.lower()]}]}


def capability(text: str) -> str:
    """The name of one as the kernel has it, CAP_ and capitals, from one that may lack both.

    :raises ValueError: When there is none of that name.
    """
    name = text.upper().removeprefix("CAP_")
    if name.lower() not in NAMES:
        raise ValueError(f"{text!r} is not a capability such as NET_ADMIN")
    return f"CAP_{name}"


def or_all(text: str) -> str:
    """Like `capability`, and ALL."""
    return ALL if text.upper() == ALL else capability(text)


def dropped(settings: Settings) -> tuple[str, ...]:
    """By name what a container is not to have, whatever its stack gives others."""
    every = [f"CAP_{name.upper()}" for name in NAMES]
    named = every if ALL in settings.cap_drop else settings.cap_drop
    return tuple(name for name in named if name not in settings.cap_add)


def kept(settings: Settings) -> list[str]:
    """What a container has: what docker and podman leave one by default, less what only a network of its
    own makes use of; and what is said over that.
    """
    gone = dropped(settings)
    found = [name for name in (f"CAP_{name}" for name in _DEFAULT) if name not in gone]
    return found + [name for name in settings.cap_add if name not in found]


def idle(container: Container, stack: str) -> Script:
    """Commands that tell what is added in vain, of a stack that leaves it to root alone."""
    names, user = container.settings.cap_add, container.user[0]
    if not names or user == 0 or container.settings.privileged:
        return ""
    note = f"note: {stack} gives {', '.join(names)} to no user but root, and this one is {user}"
    return f"{quoted(('echo', f'{note}: say user: root'))} >&2\n"
