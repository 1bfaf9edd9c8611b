"""QEMU: a target on this machine, without privileges, for whoever has no board at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sdk_hooks import Machine, Progress, SdkError, hookimpl, vm


class Qemu:
    name = "qemu"
    summary = "a virtual machine on this machine: an image of the SDK, else a small reference target"

    def start(self, machine: Machine, progress: Progress) -> None:
        from sdk_plugins.hypervisors.qemu import boot, launch, state

        machine.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with vm.writing(machine.directory), vm.locked(machine.directory, progress):
            known = state.read(machine.directory)
            if self.running(machine):
                if not vm.ssh.greets(known.port):  # it may be about to boot again
                    launch.answers("", boot.SECONDS, machine, known.port)
                return
            launch.launch(boot.reference(machine, progress), machine, known, progress)
            self._forward(machine, list(known.forwards))

    def ssh_config(self, machine: Machine) -> Path:
        return machine.directory / "ssh_config"

    def running(self, machine: Machine) -> bool:
        return bool(vm.process.pid(machine.directory / "pid"))

    def forward(self, machine: Machine, ports: Sequence[int]) -> Mapping[int, int]:
        with vm.locked(machine.directory):
            return self._forward(machine, ports)

    def stop(self, machine: Machine) -> None:
        from sdk_plugins.hypervisors.qemu import qmp

        pid = machine.directory / "pid"
        if not machine.directory.is_dir():
            return
        with vm.locked(machine.directory):
            if self.running(machine):
                vm.ssh.run(self.ssh_config(machine), machine.name, "sync; poweroff -f", seconds=10)
                gone = vm.process.wait(lambda: not self.running(machine), 5)
                if not gone:
                    try:
                        qmp.execute(machine.directory / "qmp", "quit")
                    except SdkError:
                        pass  # it hangs: by force then
                    vm.process.wait(lambda: not self.running(machine), 3)
            vm.process.end(pid)

    def _forward(self, machine: Machine, ports: Sequence[int]) -> Mapping[int, int]:
        from sdk_plugins.hypervisors.qemu import forward

        return forward.forward(machine, ports)


@hookimpl
def sdk_hypervisors() -> list[Qemu]:
    return [Qemu()]
