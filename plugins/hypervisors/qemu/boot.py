"""What QEMU is given to boot: the reference target, or an image of the SDK."""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from sdk_hooks import Argv, Machine, Platform, Progress, SdkError, vm
from sdk_hooks.reftarget import READY, personal, reference_target

SECONDS = 120
"""How long the reference target may take when it is emulated: it takes 5, or 20 on a machine that is busy."""
REFERENCE = "reference"
MEMORY = 512
"""MiB; the reference target itself takes about 60."""

# Measured under emulation: `max` has RDRAND, so that ssh need not wait for entropy. On ARM its pointer
# authentication is slow, and a Cortex-A72 is not.
_CPUS = {"amd64": "max", "arm64": "cortex-a72"}
_BOARDS = {"amd64": "q35", "arm64": "virt"}  # a microvm hangs in half of its boots when nothing helps it
_CONSOLES = {"amd64": "ttyS0", "arm64": "ttyAMA0"}
_QUICK = "panic=-1 mitigations=off no_timer_check tsc=reliable audit=0 security=none cryptomgr.notests"
# Two emulated processors have been seen to wait for each other until the end of time, on a host with two.
_SMP = ("1", "2")
_PACKAGES = {"amd64": "qemu-system-x86", "arm64": "qemu-system-arm", "arm": "qemu-system-arm"}
RUNTIME = "crun"
"""What the reference target runs containers with: it is the smallest."""
_PROGRAMS = {"amd64": "qemu-system-x86_64", "arm64": "qemu-system-aarch64", "386": "qemu-system-i386"}
NATIVE = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Boot:
    """One way to boot."""

    title: str
    """For the person who waits."""
    identity: str
    """Changes when a machine that runs is not what would be booted now."""
    program: str
    """Of QEMU: a name, or a path in the SDK."""
    platform: Platform
    options: Argv
    """All but acceleration, processor, network back end, console and monitor."""
    cpu: str
    """Under emulation."""
    smp: tuple[str, str] | None = None
    """Number of processors: emulated, with KVM. None when the options say it."""
    network: str = "virtio-net-pci,netdev=net0,romfile="
    ready: str = ""
    """What the console says when everything is up; empty when nothing is known."""
    seconds: int = SECONDS
    """How long it may take under emulation."""
    ssh: dict[str, str] = field(default_factory=dict)
    """Options of ssh_config."""


def reference(machine: Machine, progress: Progress) -> Boot:
    """The reference target for the machine's architecture; writes its disk and its keys where they lack.

    :raises SdkError: When it can't be made.
    """
    architecture = machine.platform.architecture
    if architecture in _PROGRAMS:  # else the target itself says what it can be
        find(_PROGRAMS[architecture], architecture)  # before packages are fetched for it
    target = reference_target(machine.platform, progress, RUNTIME)
    directory = machine.directory
    keys = vm.keys(directory, machine.name)
    with open(directory / "initrd", "wb") as stream:
        stream.write(target.initramfs.read_bytes())
        personal(stream, machine.name, vm.dropbear(keys.host.read_text()), keys.login_public)
    vm.data_disk(directory / "data.img")
    (directory / "known_hosts").write_text(f"{machine.name} {keys.host_public}\n")
    options = (
        *("-machine", _BOARDS[architecture], "-m", str(MEMORY), "-no-user-config"),
        *("-kernel", str(target.kernel), "-initrd", "initrd"),
        *("-append", f"console={_CONSOLES[architecture]} quiet {_QUICK}"),
        *("-drive", "if=none,id=data,format=raw,file=data.img,discard=unmap"),
        *("-device", "virtio-blk-pci,drive=data"),
    )
    return Boot(
        f"the reference target, Linux {target.release}",
        REFERENCE,
        _PROGRAMS[architecture],
        machine.platform,
        options,
        _CPUS[architecture],
        smp=_SMP,
        ready=READY,
        ssh={
            "IdentityFile": f'"{keys.login}"',
            "UserKnownHostsFile": f'"{directory}/known_hosts"',
            "StrictHostKeyChecking": "yes",
        },
    )


def argv(boot: Boot, machine: Machine, accelerator: str, forwards: str) -> Argv:
    """The command line of QEMU, which goes to the background.

    Paths are relative to the machine's directory: the name of a socket has room for 107 bytes only.

    :param forwards: Options of the network back end.
    """
    cpu = "host" if accelerator == "kvm" else boot.cpu
    return (
        *(boot.program, "-name", machine.name, "-accel", accelerator, *(("-cpu", cpu) if cpu else ())),
        *(
            "-nodefaults",
            "-display",
            "none",
            "-daemonize",
            "-pidfile",
            "pid",
            "-qmp",
            "unix:qmp,server=on,wait=off",
        ),
        *("-chardev", "file,id=console,path=console.log", "-serial", "chardev:console"),
        *("-netdev", f"user,id=net0{forwards}", "-device", boot.network),
        *(("-smp", boot.smp[accelerator == "kvm"]) if boot.smp else ()),
        *boot.options,
    )


def native(boot: Boot) -> bool:
    """Whether this machine could run it without emulation."""
    return NATIVE.get(platform.machine()) == boot.platform.architecture


def find(program: str, architecture: str) -> str:
    """The path of the QEMU *program*, which emulates *architecture*.

    :raises SdkError: When it is not installed.
    """
    found = shutil.which(program)
    if found is None:
        raise SdkError(
            f"there is no {Path(program).name} here",
            hint=f"install it: apt-get install {_PACKAGES.get(architecture, 'qemu-system')}",
            code="missing-program",
        )
    return found
