"""Starts QEMU and waits until its guest lets one log in; what does not come up is ended."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sdk_hooks import Machine, Progress, SdkError, vm
from sdk_hooks.reftarget import DISK_UNUSABLE

from . import accelerator
from .boot import Boot, argv, find, native
from .state import State

_PANIC = "Kernel panic"
_PORT_TAKEN = "Could not set up host forwarding rule"


def launch(boot: Boot, machine: Machine, state: State, progress: Progress) -> State:
    """Start *machine* and wait for it; gives its new state, which is written too.

    :raises SdkError: When it does not come up. It does not run then.
    """
    program = find(boot.program, boot.platform.architecture)
    try:
        kvm = accelerator.Answers(program)
        if native(boot) and kvm.may_work():
            progress.step(f"{machine.name}: trying KVM")
            started = _start(boot, machine, state, "kvm", accelerator.SECONDS)
            kvm.remember(started is not None)
            if started is not None:
                return _up(boot, machine, started, progress)
        progress.step(f"{machine.name}: starting {boot.title}, emulated")
        started = _start(boot, machine, state, "tcg", boot.seconds)
        if started is None:
            raise failed(machine, f"printed nothing in {boot.seconds:.0f} seconds")
        return _up(boot, machine, started, progress)
    except BaseException:  # also Ctrl-C: nothing half-started stays behind
        vm.process.end(machine.directory / "pid")
        raise


def _start(boot: Boot, machine: Machine, state: State, kind: str, seconds: float) -> State | None:
    """The state of the machine that began to boot, or None when it printed nothing in *seconds*."""
    directory = machine.directory
    log, pid = directory / "console.log", directory / "pid"
    vm.process.end(pid)
    log.unlink(missing_ok=True)
    for _ in range(3):  # a port that was free may be taken by now
        port = vm.ssh.free_port(state.port)
        forwards = {port: 22, **dict(machine.ports)}
        said = vm.process.daemon(argv(boot, machine, kind, netdev(forwards)), directory)
        if _PORT_TAKEN not in said:
            break
    if said:
        if kind == "kvm":
            return None
        raise SdkError(f"{Path(boot.program).name} does not start", detail=_last(said), code="qemu-failed")
    made = State(port, boot.identity, kind, state.forwards)
    state.port = port
    vm.process.wait(lambda: vm.console.text(log) or not vm.process.pid(pid), seconds)
    if vm.console.text(log):
        vm.ssh.write_config(directory / "ssh_config", machine.name, port, boot.ssh)
        return made
    vm.process.end(pid)
    return None


def netdev(forwards: Mapping[int, int]) -> str:
    """*forwards*, by port of this machine, as options of QEMU's user network."""
    return "".join(f",hostfwd=tcp:{vm.ssh.LOCALHOST}:{ours}-:{guest}" for ours, guest in forwards.items())


def _up(boot: Boot, machine: Machine, state: State, progress: Progress) -> State:
    """Wait until it lets us log in."""
    answers(boot.ready, boot.seconds, machine, state.port)
    state.write(machine.directory)
    how = "with KVM" if state.accelerator == "kvm" else "emulated"
    progress.step(f"{machine.name}: {boot.title} is up, {how}")
    return state


def answers(ready: str, seconds: float, machine: Machine, port: int) -> None:
    """Wait until *machine* has printed `target: TIME <ready>`, and one can log in.

    :raises SdkError: When it does not happen in *seconds*, with the end of its console log.
    """
    directory = machine.directory
    log, pid = directory / "console.log", directory / "pid"

    def there() -> bool:
        text = vm.console.text(log)
        if DISK_UNUSABLE in text:
            raise bad_disk(machine)
        if not vm.process.pid(pid):
            raise failed(machine, "stopped while it was starting")
        if _PANIC in text:
            raise failed(machine, "has a kernel that panics")
        return _printed(text, ready) and vm.ssh.greets(port)

    if not vm.process.wait(there, seconds, 0.05):
        raise failed(machine, f"did not come up in {seconds:.0f} seconds")
    status, said = vm.ssh.run(directory / "ssh_config", machine.name, "true", seconds=seconds)
    if status:
        raise SdkError(
            f"the machine {machine.name!r} does not let us log in",
            detail=_last(said),
            hint="its image must let root in with a key, or without a password",
            code="login-refused",
        )


def _printed(text: str, ready: str) -> bool:
    return not ready or any(line.startswith("target: ") and line.endswith(ready) for line in text.split("\n"))


def failed(machine: Machine, why: str) -> SdkError:
    """The error when *machine* did not come up."""
    detail = vm.console.end(machine.directory / "console.log")
    return SdkError(f"the machine {machine.name!r} {why}", detail=detail, code="machine-failed")


def bad_disk(machine: Machine) -> SdkError:
    """The error when the data disk of *machine* is damaged; nobody but its owner may decide to lose it."""
    disk = machine.directory / "data.img"
    return SdkError(
        f"the data disk of {machine.name!r} can't be mounted",
        detail=f"'{disk}' is kept as it is",
        hint=f"mend it: e2fsck -f {disk}; or give its data up: rm {disk}",
        code="bad-disk",
    )


def _last(text: str) -> str:
    return "\n".join(line for line in text.splitlines()[-4:])
