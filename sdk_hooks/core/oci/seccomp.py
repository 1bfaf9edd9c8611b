"""The default filter of system calls: what the defaults of engines block, and all else goes through."""

from __future__ import annotations

from typing import Any

_ARCHITECTURES = {
    "amd64": ("X86_64", "X86", "X32"),
    "386": ("X86",),
    "arm64": ("AARCH64", "ARM"),
    "arm": ("ARM",),
    "riscv64": ("RISCV64",),
    "ppc64le": ("PPC64LE",),
    "s390x": ("S390X", "S390"),
}
"""By GOARCH, the ABIs whose system calls such a kernel takes."""

# Those that docker's documentation says its default profile blocks, and the later ones that do the same.
# Not among them: personality, of which most values are harmless, and ptrace, process_vm_* and kcmp, which it
# allows since kernel 4.8 and which a debugger needs.
_BLOCKED = """
acct add_key bpf clock_adjtime clock_adjtime64 clock_settime clock_settime64 create_module delete_module
finit_module fsconfig fsmount fsopen fspick get_kernel_syms get_mempolicy init_module ioperm iopl
kexec_file_load kexec_load keyctl lookup_dcookie mbind migrate_pages mount mount_setattr move_mount move_pages
name_to_handle_at nfsservctl open_by_handle_at open_tree perf_event_open pivot_root query_module quotactl
quotactl_fd reboot request_key set_mempolicy setns settimeofday stime swapoff swapon sysfs umount umount2
uselib userfaultfd ustat vm86 vm86old _sysctl
"""
_NEW_USER = 0x10000000
"""CLONE_NEWUSER."""
_EPERM, _ENOSYS = 1, 38


def profile(architecture: str) -> dict[str, Any] | None:
    """The seccomp object of the runtime-spec for machines of *architecture* (a GOARCH), None for others."""
    if architecture not in _ARCHITECTURES:
        return None
    flags = 1 if architecture == "s390x" else 0
    own = {"index": flags, "value": _NEW_USER, "valueTwo": _NEW_USER, "op": "SCMP_CMP_MASKED_EQ"}
    first = {**own, "index": 0}
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": [f"SCMP_ARCH_{name}" for name in _ARCHITECTURES[architecture]],
        "syscalls": [
            _fails(_BLOCKED.split(), _EPERM),
            {**_fails(["clone"], _EPERM), "args": [own]},
            {**_fails(["unshare"], _EPERM), "args": [first]},
            # its flags are in memory, where no filter can look: libc then takes clone
            _fails(["clone3"], _ENOSYS),
        ],
    }


def _fails(names: list[str], error: int) -> dict[str, Any]:
    return {"names": names, "action": "SCMP_ACT_ERRNO", "errnoRet": error}
